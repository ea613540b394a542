"""The MCP server of the example, asked by MCP's own Python SDK over TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from threading import Thread
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import httpx2
import jwt as pyjwt
import pytest
from mcp import ClientSession
from mcp.client.auth.utils import (
    build_protected_resource_metadata_discovery_urls,
    extract_resource_metadata_from_www_auth,
    extract_scope_from_www_auth,
    get_client_metadata_scopes,
    handle_protected_resource_response,
)
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import ProtectedResourceMetadata
from mcp_types import TextContent
from werkzeug.serving import make_server

from jwtpolicy.clock import system_clock
from tests.support.certificates import write_certificate
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.keys import PRIVATE_PEM, PUBLIC_PEM
from tests.support.requests import bearer

ISSUER = "https://login.example.com"
Result = TypeVar("Result")


class Served(NamedTuple):
    """The example, as it runs.

    Attributes:
        url: Its URL, which is the resource.
        module: Its module.
        trust: What trusts its certificate.
    """

    url: str
    module: ModuleType
    trust: ssl.SSLContext

    def client(self, **headers: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(verify=self.trust, headers=headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("mcp")
    write_certificate(folder, "localhost")
    files = str(folder / "cert.pem"), str(folder / "key.pem")
    module = ModuleType("not yet")
    # The port is in the URL that the example is told, so the server is there before.
    server = make_server(
        "127.0.0.1", 0, lambda *call: module.app(*call), threaded=True, ssl_context=files
    )
    url = f"https://localhost:{server.server_port}/mcp"
    with pytest.MonkeyPatch.context() as patch:
        settings = {"MCP_RESOURCE": url, "MCP_ISSUER": ISSUER, "PROVIDER_PUBLIC_KEY": PUBLIC_PEM}
        module = run_example(SINGLE_FILES["mcp_server"], folder, patch, **settings)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Served(url, module, ssl.create_default_context(cafile=files[0]))
        server.shutdown()
        thread.join()
        server.server_close()


def token(audience: str, **claims: Any) -> dict[str, str]:
    """Return the header with an access token of the issuer, as RFC 9068 has them."""
    now = int(system_clock())
    stated = {"iss": ISSUER, "sub": "ada", "aud": audience, "iat": now, "exp": now + 300}
    stated |= {"jti": "1", "client_id": "editor", "scope": "notes:read", **claims}
    headers = {"typ": "at+jwt"}
    return bearer(pyjwt.encode(stated, PRIVATE_PEM, "ES256", headers=headers))


def in_session(
    served: Served, ask: Callable[[ClientSession], Awaitable[Result]], **claims: Any
) -> Result:
    """Return what *ask* returns of a session of the SDK that has a token for the server."""

    async def run() -> Result:
        async with (
            served.client(**token(served.url, **claims)) as http,
            streamable_http_client(served.url, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            return await ask(session)

    return asyncio.run(run())


async def names_of_tools(session: ClientSession) -> list[str]:
    return [tool.name for tool in (await session.list_tools()).tools]


async def notes(session: ClientSession) -> list[str]:
    content = (await session.call_tool("notes", {})).content
    return [each.text for each in content if isinstance(each, TextContent)]


def test_the_sdk_lists_and_calls_the_tool(served: Served) -> None:
    assert in_session(served, names_of_tools) == ["notes"]
    assert in_session(served, notes) == ["Buy milk"]
    assert in_session(served, notes, sub="bob") == []


class Found(NamedTuple):
    """What the SDK has found out without a token."""

    metadata: ProtectedResourceMetadata | None
    scope: str | None


def discovered(served: Served) -> Found:
    """Do what the SDK does after a 401, by its own functions."""

    async def run() -> Found:
        async with served.client() as http:
            refused = await http.post(served.url, json={})
            url = extract_resource_metadata_from_www_auth(refused)
            first = build_protected_resource_metadata_discovery_urls(url, served.url)[0]
            metadata = await handle_protected_resource_response(await http.get(first))
            scope = extract_scope_from_www_auth(refused)
            return Found(metadata, get_client_metadata_scopes(scope, metadata))

    return asyncio.run(run())


def test_the_sdk_learns_where_tokens_are_and_which_scopes_to_ask_for(served: Served) -> None:
    metadata, scope = discovered(served)

    assert metadata is not None
    assert str(metadata.resource) == served.url
    assert [str(server) for server in metadata.authorization_servers] == [ISSUER]
    assert metadata.scopes_supported == ["notes:read"]
    assert metadata.bearer_methods_supported == ["header"]
    assert scope == "notes:read"


def test_the_metadata_is_where_the_sdk_looks_without_a_challenge(served: Served) -> None:
    first, *_ = build_protected_resource_metadata_discovery_urls(None, served.url)
    path = first.partition(":")[2].partition("/.")[2]

    answer = served.module.app.test_client().get(f"/.{path}")

    assert answer.json["resource"] == served.url


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"aud": "https://notes.example.com/other"}, 401),
        ({"iss": "https://other.example.com"}, 401),
        ({"scope": "notes:write"}, 403),
    ],
)
def test_a_token_has_to_be_for_this_server_and_for_this_task(
    served: Served, claims: dict[str, Any], status: int
) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = token(served.url, **claims)

    answer = served.module.app.test_client().post("/mcp", json=message, headers=headers)

    assert answer.status_code == status
    if status == 403:
        assert 'scope="notes:read"' in answer.headers["WWW-Authenticate"]


CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(CALL, {}, 200, id="a request"),
        pytest.param(CALL, {"Origin": "https://evil.example"}, 403, id="a page of a browser"),
        pytest.param(CALL, {"MCP-Protocol-Version": "2025-11-25"}, 200, id="the version"),
        pytest.param(CALL, {"MCP-Protocol-Version": "1"}, 400, id="another version"),
        pytest.param({"jsonrpc": "2.0", "method": "notifications/initialized"}, {}, 202, id="note"),
        pytest.param({**CALL, "method": ["a"]}, {}, 400, id="a list for a method"),
        pytest.param({**CALL, "id": None}, {}, 202, id="no id"),
        pytest.param([CALL], {}, 400, id="several"),
        pytest.param(None, {}, 415, id="nothing"),
    ],
)
def test_what_is_no_request_of_the_protocol_is_refused(
    served: Served, body: object, headers: dict[str, str], status: int
) -> None:
    sent = {**token(served.url), **headers}

    answer = served.module.app.test_client().post("/mcp", json=body, headers=sent)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("resources/list", {}),
        ("tools/call", {"name": "other"}),
        ("tools/call", {"name": ["notes"]}),
        ("tools/call", []),
    ],
)
def test_an_unknown_method_or_tool_is_an_error_of_the_protocol(
    served: Served, method: str, params: object
) -> None:
    message = {**CALL, "method": method, "params": params}

    answer = served.module.app.test_client().post("/mcp", json=message, headers=token(served.url))

    assert (answer.status_code, answer.json["error"]["code"]) == (200, -32601)
