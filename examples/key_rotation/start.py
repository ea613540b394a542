"""What do users notice when the key changes? Start this, and see."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from jwt import get_unverified_header

PASSWORD = secrets.token_urlsafe()


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def flask(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", *arguments]


def ask(url: str, token: str = "", **form: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = json.dumps(form).encode() if form else None
    request = Request(url, data, {"Content-Type": "application/json", **headers})
    for _ in range(100):  # a server that starts refuses connections at first
        try:
            with urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except ConnectionError:
            time.sleep(0.1)
        except URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.1)
    raise TimeoutError(url)


def rotate(issuer: str, service: str, new_key: list[str]) -> None:
    """Log in, call the service, make a key, and go on until the new key signs."""
    first = signed_by = ""
    while not first or signed_by == first:
        pair = ask(f"{issuer}/auth/login", username="ada", password=PASSWORD)
        token = pair["access_token"]
        orders = ask(f"{service}/orders", token)
        signed_by = get_unverified_header(token)["kid"]
        print(f"signed by {signed_by:.8}…: the service answers {orders}", flush=True)
        if not first:
            first, old = signed_by, token
            subprocess.run(new_key, check=True)
        time.sleep(1)
    print(f"signed by {first:.8}…, and still valid: {ask(f'{service}/orders', old)}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as keys, ExitStack() as running:
        new_key = flask("jwtpolicy", "keys", "generate", "--folder", keys)
        subprocess.run(new_key, check=True)
        ports = {name: free_port() for name in ("logins", "orders")}
        issuer, service = (f"http://127.0.0.1:{port}" for port in ports.values())
        os.environ.update(JWT_KEYS=keys, ISSUER_URL=issuer, ADA_PASSWORD=PASSWORD)
        os.environ.update(FLASK_JWT_KEYS_RELOAD="1", FLASK_JWT_KEY_PUBLISH_DELAY="5")
        os.environ["FLASK_JWT_STORE_URL"] = "memory://"
        for name, port in ports.items():
            run = flask("--app", f"{__package__}.{name}", "run", "--port", port)
            process = running.enter_context(subprocess.Popen(run, stderr=subprocess.DEVNULL))
            running.callback(process.terminate)
        rotate(issuer, service, new_key)


if __name__ == "__main__":
    main()
