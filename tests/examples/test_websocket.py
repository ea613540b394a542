"""A socket is checked when it is opened, and at each message."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from tests.support.examples import running_example

ORIGIN = "http://localhost:5000"


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("simple_websocket", reason="pip install simple-websocket")
    with running_example(
        "websocket", tmp_path_factory, ADA_PASSWORD="lovelace", ORIGIN=ORIGIN
    ) as example:
        yield example


@pytest.fixture
def url(chat: ModuleType) -> Iterator[str]:
    """Serve the example, as ``flask run`` does, and return where its sockets are."""
    server = make_server("127.0.0.1", 0, chat.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"ws://127.0.0.1:{server.port}/chat"
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser(chat: ModuleType) -> FlaskClient:
    """Return a browser in which ada has logged in."""
    browser = chat.app.test_client()
    browser.post("/auth/login", data={"username": "ada", "password": "lovelace"})
    return browser


@pytest.fixture
def socket(url: str, browser: FlaskClient) -> object:
    """Return a socket that a page of the chat's own has opened for ada."""
    from simple_websocket import Client

    token = browser.get_cookie("__Host-access_token").value
    return Client(url, headers={"Cookie": f"__Host-access_token={token}", "Origin": ORIGIN})


def test_a_message_gets_the_name_of_its_author(socket: Any) -> None:
    socket.send("hello")

    assert socket.receive(timeout=5) == "ada: hello"
    socket.close()


def test_a_message_that_would_fill_the_memory_closes_the_socket(socket: Any) -> None:
    from simple_websocket import ConnectionClosed

    socket.send("x" * 5000)

    with pytest.raises(ConnectionClosed):
        socket.receive(timeout=5)


@pytest.mark.parametrize(
    ("is_logged_in", "origin", "status"),
    [(False, ORIGIN, 401), (True, "https://evil.test", 403), (True, None, 403)],
)
def test_no_socket_is_opened_for_whoever_may_not_have_one(
    browser: Any, is_logged_in: bool, origin: str | None, status: int
) -> None:
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket"}
    client = browser if is_logged_in else browser.application.test_client()

    answer = client.get("/chat", headers=handshake | ({"Origin": origin} if origin else {}))

    assert answer.status_code == status


def test_an_open_socket_ends_with_its_session(chat: Any, socket: Any) -> None:
    from simple_websocket import ConnectionClosed

    with chat.app.app_context():
        chat.jwt.revoke_subject("ada")

    with pytest.raises(ConnectionClosed, match="1008 invalid_token"):
        send_for_ever(socket)


def send_for_ever(socket: Any) -> None:
    """Send messages until the socket is closed: about a second, as long as answers are kept."""
    while True:
        socket.send("still there?")
        assert socket.receive(timeout=5)
