"""Documents of other servers: what is fetched, and that everything else is one kind of error."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.clock import elapsed
from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import fetching
from jwtpolicy.keys.fetch_limits import MAX_BODY, FetchError
from jwtpolicy.keys.fetching import FetchRules, fetch_json
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.key_answers import (
    Reply,
    broken_json,
    chunked,
    closed,
    compressed,
    cut_short,
    document,
    drip,
    drip_headers,
    failure,
    held,
    html,
    huge,
    no_http,
    redirect,
)
from tests.support.raw_server import RawServer, raw_server

PLAIN = FetchRules(allow_http=True)
HASTY = FetchRules(allow_http=True, timeout=0.3)
GOOD = document({"keys": []})


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as running:
        yield running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyKeyServer]:
    with faulty_key_server(tmp_path_factory.mktemp("tls"), "localhost") as running:
        yield running


@pytest.fixture(scope="module")
def raw() -> Iterator[RawServer]:
    with raw_server() as running:
        yield running


def test_a_document_comes_with_its_headers(server: FaultyKeyServer) -> None:
    url = server.script("/good", GOOD.with_headers(cache_control="max-age=7"))
    found = fetch_json(url, PLAIN)

    assert (found.content, found.headers["cache-control"]) == ({"keys": []}, "max-age=7")


def test_the_request_asks_for_plain_json_and_names_the_host(server: FaultyKeyServer) -> None:
    fetch_json(server.script("/asked?x=1", GOOD), PLAIN)
    [sent] = server.headers("/asked?x=1")

    assert sent["host"] == server.url.removeprefix("http://")
    assert (sent["accept"], sent["accept-encoding"]) == ("application/json", "identity")


def test_https_is_fetched_from_whom_the_authority_vouches_for(secure: FaultyKeyServer) -> None:
    url = secure.script("/keys", GOOD)

    assert fetch_json(url, FetchRules(cafile=str(secure.authority))).content == {"keys": []}


def test_a_context_is_used_as_it_is(secure: FaultyKeyServer) -> None:
    context = ssl.create_default_context(cafile=secure.authority)

    url = secure.script("/context", GOOD)
    assert fetch_json(url, FetchRules(context=context)).content == {"keys": []}


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: FaultyKeyServer) -> None:
    with pytest.raises(FetchError, match=r"certificate that is not trusted: .*pass its cert"):
        fetch_json(secure.script("/untrusted", GOOD))

    assert secure.count("/untrusted") == 0


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    with faulty_key_server(tmp_path, "issuer.example") as other:
        url = f"https://localhost:{other.port}/keys"
        with pytest.raises(FetchError, match="not trusted: Hostname mismatch"):
            fetch_json(url, FetchRules(cafile=str(other.authority)))


def test_a_certificate_is_that_of_the_address_which_may_be_a_number(tmp_path: Path) -> None:
    with faulty_key_server(tmp_path, "issuer.example") as other:
        other.script("/keys", GOOD)
        url = f"https://127.0.0.1:{other.port}/keys"

        assert fetch_json(url, FetchRules(cafile=str(other.authority))).content == {"keys": []}


def test_what_speaks_no_tls_is_told(server: FaultyKeyServer) -> None:
    url = server.script("/no-tls", GOOD).replace("http:", "https:")

    with pytest.raises(FetchError, match="does not speak TLS as it should"):
        fetch_json(url)


BIG = Reply(b'"' + b"x" * (MAX_BODY - 2) + b'"')
BAD: dict[str, tuple[Any, str, int | None]] = {
    "html": (html(), "no JSON that can be read strictly", 200),
    "broken": (broken_json(), "no JSON that can be read strictly", 200),
    "twice": (Reply(b'{"keys": [], "keys": []}'), "no JSON that can be read strictly", 200),
    "huge": (huge(GOOD), f"more than {MAX_BODY} bytes", None),
    "huge in chunks": (chunked(GOOD, 20_000_000), f"more than {MAX_BODY} bytes", None),
    "one too many": (Reply(b" " + BIG.body), f"more than {MAX_BODY} bytes", None),
    "redirect": (redirect("/good"), "redirect .302., which is not followed", 302),
    "not found": (failure(404), "status 404, not 200", 404),
    "failure": (failure(500), "status 500, not 200", 500),
    "no content": (Reply(b"", 204), "status 204, not 200", 204),
    "gzip": (compressed(GOOD), "compressed its answer", 200),
    "cut": (cut_short(GOOD), "ended its answer early", 200),
    "closed": (closed, "cannot be reached", None),
    "no http": (no_http, "nothing that is HTTP", None),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_refused_with_its_reason(server: FaultyKeyServer, name: str) -> None:
    answer, reason, status = BAD[name]
    url = server.script("/bad", answer)

    with pytest.raises(FetchError, match=reason) as caught:
        fetch_json(url, PLAIN)
    assert caught.value.status == status
    assert str(caught.value).startswith("127.0.0.1 ")


@pytest.mark.parametrize("good", [BIG, chunked(BIG)], ids=["in one", "in chunks"])
def test_the_longest_document_is_read(server: FaultyKeyServer, good: Any) -> None:
    found = fetch_json(server.script("/longest", good), PLAIN).content

    assert len(found) == MAX_BODY - 2


@pytest.mark.parametrize("slow", [drip, drip_headers, held])
def test_an_answer_that_drips_ends_at_the_deadline(server: FaultyKeyServer, slow: Any) -> None:
    """Each byte comes in time, and all of them do not."""
    url = server.script("/slow", slow(GOOD))

    with pytest.raises(FetchError, match=r"did not answer within 0\.3 seconds"):
        fetch_json(url, HASTY)


def test_a_handshake_that_hangs_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FetchError, match="did not answer within"):
            fetch_json(url, FetchRules(timeout=0.2))


def test_a_name_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing interrupts the look-up of a name."""
    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(60) and [])
    try:
        with pytest.raises(FetchError, match="did not answer within"):
            fetch_json("https://login.example/", FetchRules(timeout=0.2))
    finally:
        gate.set()


def test_time_that_is_over_is_not_waited_for(server: FaultyKeyServer) -> None:
    with pytest.raises(FetchError, match="did not answer within"):
        fetch_json(server.script("/late", GOOD), FetchRules(allow_http=True, timeout=1e-9))

    assert server.count("/late") == 0


def test_time_that_is_over_before_the_request_is_no_time() -> None:
    with pytest.raises(FetchError, match="the time for all documents together is over"):
        FetchRules().until(elapsed() - 1)

    assert 0 < FetchRules().until(elapsed() + 2).timeout <= 2


def test_a_server_that_is_down_is_told(server: FaultyKeyServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(FetchError, match="cannot be reached: Connection refused; see"):
        fetch_json(f"http://127.0.0.1:{port}/", PLAIN)


def addresses(*found: tuple[str, int]) -> Any:
    """Return a look-up of names that finds these."""
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    return lambda *_, **__: [(*stream, address) for address in found]


def test_the_next_address_is_tried(
    server: FaultyKeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.script("/second", GOOD).replace("127.0.0.1", "localhost")
    with socket.create_server(("127.0.0.1", 0)) as closing:
        dead = closing.getsockname()
    monkeypatch.setattr(socket, "getaddrinfo", addresses(dead, ("127.0.0.1", server.port)))

    assert fetch_json(url, PLAIN).content == {"keys": []}


def test_a_tenants_address_is_looked_up_once_and_connected_to(
    server: FaultyKeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who answers for the name cannot give another address after the check."""
    checked: list[str] = []
    url = server.script("/tenant", GOOD).replace("127.0.0.1", "localhost")
    monkeypatch.setattr(socket, "getaddrinfo", addresses(("127.0.0.1", server.port)))
    monkeypatch.setattr(fetching, "is_public", lambda text: checked.append(text) or True)
    rules = FetchRules(allow_http=True, public_only=True)

    assert fetch_json(url, rules).content == {"keys": []}
    assert checked == ["127.0.0.1"]
    assert server.headers("/tenant")[0]["host"] == f"localhost:{server.port}"


def test_a_tenants_address_within_the_network_is_not_connected_to(
    server: FaultyKeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One such address among others is enough."""
    url = server.script("/inner", GOOD).replace("127.0.0.1", "localhost")
    found = addresses(("8.8.8.8", server.port), ("127.0.0.1", server.port))
    monkeypatch.setattr(socket, "getaddrinfo", found)

    with pytest.raises(FetchError, match="not on the public Internet"):
        fetch_json(url, FetchRules(allow_http=True, public_only=True))
    assert server.count("/inner") == 0


def test_a_form_is_posted_with_credentials(raw: RawServer) -> None:
    raw.answer = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"active": true}'
    headers = {
        "Authorization": "Basic YTpi",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept-Encoding": "gzip",
    }
    found = fetch_json(raw.url, PLAIN, method="POST", body=b"token=x", headers=headers)

    sent = raw.requests[-1]
    assert found.content == {"active": True}
    assert sent.startswith(b"POST /keys HTTP/1.1\r\n")
    assert sent.endswith(b"\r\n\r\ntoken=x")
    assert b"Authorization: Basic YTpi\r\n" in sent
    assert b"gzip" not in sent


def test_a_header_with_a_line_of_its_own_is_not_sent(raw: RawServer) -> None:
    before = len(raw.requests)
    with pytest.raises(FetchError, match="ValueError"):
        fetch_json(raw.url, PLAIN, headers={"Authorization": "x\r\nX-Other: y"})

    assert len(raw.requests) == before


def outcome(url: str) -> object:
    """Return what a fetch comes to: content, or the one error."""
    try:
        return fetch_json(url, PLAIN)
    except FetchError as error:
        return error


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
lines = st.lists(st.binary(max_size=40), max_size=8).map(b"\r\n".join)
answers = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda body: HEAD + b"\r\n" + body),
    lines.map(lambda head: HEAD + head),
    lines.map(lambda body: CHUNKED + body),
    st.text(max_size=200).map(lambda text: HEAD + b"\r\n" + text.encode("utf-8", "replace")),
)


@given(answer=answers)
def test_any_bytes_are_a_document_or_the_one_error(raw: RawServer, answer: bytes) -> None:
    raw.answer = answer

    outcome(raw.url)


ODD = {
    "negative chunk": CHUNKED + b"-1\r\n" + b" " * 3_000_000,
    "endless trailers": CHUNKED + b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 400_000,
    "endless headers": HEAD + (b"a: " + b"b" * 60_000 + b"\r\n") * 90,
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
    "deep": HEAD + b"\r\n" + b"[" * 400_000,
    "long number": HEAD + b"\r\n" + b"9" * 400_000,
    "negative length": HEAD + b"Content-Length: -5\r\n\r\n{}",
    "no number": HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n[",
}


@pytest.mark.parametrize("name", ODD)
def test_what_http_client_does_not_bound_is_bounded(raw: RawServer, name: str) -> None:
    raw.answer = ODD[name]

    assert isinstance(outcome(raw.url), FetchError) == (name != "negative length")


@pytest.mark.parametrize("seconds", [0, -1, 5.1, float("nan"), float("inf"), "5", None])
def test_a_timeout_is_between_nothing_and_five_seconds(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="timeout= takes seconds"):
        FetchRules(timeout=seconds)

    assert FetchRules(timeout=5)


def test_a_context_has_to_check_the_certificate_and_the_name() -> None:
    lax = ssl.create_default_context()
    lax.check_hostname = False

    with pytest.raises(ConfigurationError, match="does not check the certificate"):
        FetchRules(context=lax)
    assert FetchRules(context=ssl.create_default_context())


def test_a_file_without_certificates_is_refused_at_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate")

    for path in (empty, tmp_path / "none.pem"):
        with pytest.raises(ConfigurationError, match="is no file with certificates"):
            FetchRules(cafile=str(path))
