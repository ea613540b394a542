"""The server of faults sends what its script says, and counts who asked."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.keys import EC_KEY, RSA_KEY

SET = answers.key_set(answers.public_jwk(RSA_KEY, "a", "RS256"))


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as server:
        yield server


def get(url: str, timeout: float = 60, context: ssl.SSLContext | None = None) -> bytes:
    with urllib.request.urlopen(url, timeout=timeout, context=context) as response:
        body: bytes = response.read()
    return body


def test_answers_come_in_their_order_and_the_last_again(server: FaultyKeyServer) -> None:
    url = server.script("/jwks", SET, answers.key_set())

    assert [len(json.loads(get(url))["keys"]) for _ in range(3)] == [1, 0, 0]
    assert server.count("/jwks") == 3
    assert server.headers("/jwks")[0]["host"] == f"127.0.0.1:{server.port}"


def test_a_path_without_a_script_is_not_there(server: FaultyKeyServer) -> None:
    with pytest.raises(HTTPError) as refused:
        get(server.url)

    with refused.value as error:
        assert error.code == 404


def test_slow_answers_wait_for_the_gate(server: FaultyKeyServer) -> None:
    urls = [
        server.script(f"/{number}", slow(SET, most=300))
        for number, slow in enumerate([answers.drip, answers.drip_headers, answers.held])
    ]
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda url=url: bodies.append(get(url))) for url in urls]
    for thread in threads:
        thread.start()
    for number in range(3):
        server.wait_for(f"/{number}")

    assert bodies == []
    server.gate.set()
    for thread in threads:
        thread.join()
    assert bodies == [SET.body] * 3


def test_what_is_slow_ends_by_itself(server: FaultyKeyServer) -> None:
    for slow in (answers.drip, answers.drip_headers, answers.held):
        assert get(server.script("/jwks", slow(SET, most=0.1))) == SET.body


@pytest.mark.parametrize("make", [answers.huge, answers.chunked])
def test_a_huge_answer_is_json_at_its_end(server: FaultyKeyServer, make: type) -> None:
    body = get(server.script("/jwks", make(SET, answers.HUGE)))

    assert len(body) > answers.HUGE
    assert json.loads(body) == json.loads(SET.body)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answers.closed, http.client.RemoteDisconnected),
        (answers.no_http, http.client.BadStatusLine),
        (answers.cut_short(SET), http.client.IncompleteRead),
        (answers.failure(), HTTPError),
        (answers.redirect("http://127.0.0.1:9/"), URLError),
        (answers.redirect("/elsewhere"), HTTPError),
    ],
    ids=["closed", "no http", "cut short", "failure", "redirect to nobody", "redirect to a 404"],
)
def test_an_error_is_one_for_clients(
    server: FaultyKeyServer, answer: answers.Answer, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        get(server.script("/jwks", answer))

    if isinstance(raised.value, HTTPError):
        raised.value.close()


def test_bodies_are_what_they_should_not_be(server: FaultyKeyServer) -> None:
    def body(answer: answers.Answer) -> bytes:
        return get(server.script("/jwks", answer))

    assert body(answers.html()).startswith(b"<!doctype")
    assert body(answers.compressed(SET)).startswith(b"\x1f\x8b")
    assert body(answers.longer_than_said(SET)) == SET.body[:-10]
    assert body(answers.broken_json()).endswith(b", ")
    assert json.loads(body(answers.discovery("https://id.example", server.url)))


def test_private_and_symmetric_keys_are_shown(server: FaultyKeyServer) -> None:
    shown = answers.key_set(
        answers.private_jwk(EC_KEY, "a", "ES256"),
        answers.private_jwk(RSA_KEY, "b", "PS256"),
        answers.symmetric_jwk("c"),
    )
    keys = json.loads(get(server.script("/jwks", shown)))["keys"]

    assert ["d" in key or "k" in key for key in keys] == [True] * 3
    assert "d" not in answers.public_jwk(EC_KEY, "a", "ES256")


def test_a_server_with_a_certificate_is_trusted_by_those_who_know_it(tmp_path: Path) -> None:
    with faulty_key_server(tmp_path, host="localhost") as server:
        url = server.script("/jwks", SET)

        assert get(url, context=ssl.create_default_context(cafile=server.authority)) == SET.body
        with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
            get(url)
        assert server.count("/jwks") == 1


def test_nobody_answers_after_the_end() -> None:
    with faulty_key_server() as server:
        url = server.script("/jwks", SET)

    with pytest.raises(URLError, match="refused"):
        get(url)
