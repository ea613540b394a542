"""The MCP server of the example, asked by MCP's own Python SDK, with tokens of a real provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from threading import Thread
from types import ModuleType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from flask.testing import FlaskClient
from mcp import Client, ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.utils import (
    build_protected_resource_metadata_discovery_urls,
    extract_resource_metadata_from_www_auth,
    extract_scope_from_www_auth,
    get_client_metadata_scopes,
    handle_protected_resource_response,
)
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
    ProtectedResourceMetadata,
)
from mcp_types import TextContent
from pydantic import AnyUrl
from werkzeug.serving import make_server

from tests.services.oidc_provider import Provider
from tests.support.authorization_code import address_with_code
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.requests import bearer

#: A client that the provider knows.
CLIENT = "shop-ES256"
CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

Result = TypeVar("Result")


class Served(NamedTuple):
    """The example, as a developer runs it: by http on loopback, in debug mode.

    Attributes:
        url: Its URL, which is the resource.
        module: Its module.
        provider: Where its users log in.
    """

    url: str
    module: ModuleType
    provider: Provider

    @property
    def client(self) -> FlaskClient:
        client: FlaskClient = self.module.app.test_client()
        return client

    def token(self, resource: str | None = None, scope: str = "notes:read") -> dict[str, str]:
        """Return the header with a token that the provider gives to a machine."""
        return bearer(self.provider.token(resource or self.url, scope))


@pytest.fixture(scope="module")
def served(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    module = ModuleType("not yet")
    # The port is in the URL that the example is told, so the server is there before.
    server = make_server("127.0.0.1", 0, lambda *call: module.app(*call), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}/mcp"
    with pytest.MonkeyPatch.context() as patch:
        settings = {"MCP_RESOURCE": url, "MCP_ISSUER": provider.issuer, "FLASK_DEBUG": "1"}
        folder = tmp_path_factory.mktemp("mcp")
        module = run_example(SINGLE_FILES["mcp_server"], folder, patch, **settings)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Served(url, module, provider)
        server.shutdown()
        thread.join()
        server.server_close()


class Storage:
    """What the SDK remembers: the client is known to the provider before."""

    def __init__(self, client: OAuthClientInformationFull) -> None:
        self.client = client
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Somebody who logs in, in the browser that the SDK opens."""

    def __init__(self) -> None:
        self.asked = self.came_back = ""

    async def visit(self, address: str) -> None:
        self.asked = address
        self.came_back = await asyncio.to_thread(address_with_code, address)

    async def answer(self) -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(self.came_back).query)
        told = {name: query[name][0] for name in ("code", "state", "iss") if name in query}
        return AuthorizationCodeResult(**told)


class Called(NamedTuple):
    """A tool's answer, and the query with which the SDK opened the browser, if it did."""

    notes: list[str]
    asked: dict[str, list[str]]


def in_session(
    served: Served, ask: Callable[[ClientSession], Awaitable[Result]], **options: Any
) -> Result:
    """Return what *ask* returns of a session of the SDK; *options* are those of its HTTP client."""

    async def run() -> Result:
        async with (
            httpx2.AsyncClient(timeout=60, **options) as http,
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


def logged_in(served: Served) -> Called:
    """Call the tool with an SDK that has no token yet, and a person who logs in."""
    callback = AnyUrl(f"{served.provider.issuer}/callback")
    known: dict[str, Any] = {"redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    issuer = served.provider.issuer
    storage = Storage(OAuthClientInformationFull(client_id=CLIENT, issuer=issuer, **known))
    metadata, person = OAuthClientMetadata(**known, grant_types=["authorization_code"]), Person()
    auth = OAuthClientProvider(served.url, metadata, storage, person.visit, person.answer)
    found = in_session(served, notes, auth=auth)
    return Called(found, parse_qs(urlsplit(person.asked).query))


def test_the_sdk_logs_in_where_the_server_leads_it_and_calls_the_tool(served: Served) -> None:
    called = logged_in(served)

    assert called.notes == ["Buy milk"]
    assert called.asked["resource"] == [served.url]
    assert called.asked["scope"] == ["notes:read"]
    assert called.asked["code_challenge_method"] == ["S256"]


def test_with_a_token_the_sdk_lists_and_calls_the_tool(served: Served) -> None:
    headers = served.token()

    assert in_session(served, names_of_tools, headers=headers) == ["notes"]
    assert in_session(served, notes, headers=headers) == []


def test_a_client_that_tries_a_newer_protocol_first_falls_back(served: Served) -> None:
    async def run() -> list[str]:
        async with (
            httpx2.AsyncClient(timeout=60, headers=served.token()) as http,
            Client(streamable_http_client(served.url, http_client=http)) as client,
        ):
            return [tool.name for tool in (await client.list_tools()).tools]

    assert asyncio.run(run()) == ["notes"]


class Found(NamedTuple):
    """What the SDK has found out without a token."""

    metadata: ProtectedResourceMetadata | None
    scope: str | None


def discovered(served: Served) -> Found:
    """Do what the SDK does after a 401, by its own functions."""

    async def run() -> Found:
        async with httpx2.AsyncClient() as http:
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
    assert [str(server) for server in metadata.authorization_servers] == [served.provider.issuer]
    assert metadata.scopes_supported == ["notes:read"]
    assert metadata.bearer_methods_supported == ["header"]
    assert scope == "notes:read"


def test_the_metadata_is_where_the_sdk_looks_without_a_challenge(served: Served) -> None:
    first, *_ = build_protected_resource_metadata_discovery_urls(None, served.url)

    assert served.client.get(urlsplit(first).path).json["resource"] == served.url


@pytest.mark.parametrize(
    ("resource", "scope", "status"),
    [
        (None, "notes:read", 200),
        (None, "notes:write", 403),
        ("https://notes.example.com/other", "notes:read", 401),
        ("https://api.example/ES256", "notes:read", 401),
    ],
)
def test_a_token_has_to_be_for_this_server_and_for_this_task(
    served: Served, resource: str | None, scope: str, status: int
) -> None:
    answer = served.client.post("/mcp", json=CALL, headers=served.token(resource, scope))

    assert answer.status_code == status
    if status == 403:
        assert 'scope="notes:read"' in answer.headers["WWW-Authenticate"]


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
    sent = {**served.token(), **headers}

    answer = served.client.post("/mcp", json=body, headers=sent)

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

    answer = served.client.post("/mcp", json=message, headers=served.token())

    assert (answer.status_code, answer.json["error"]["code"]) == (200, -32601)
