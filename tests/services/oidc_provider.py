"""Run the OpenID provider of npm's ``oidc-provider``, which nobody here wrote."""

from __future__ import annotations

import base64
import json
import select
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from . import nodejs
from .processes import end, free_port, pause

_FOLDER = Path(__file__).with_name("node")
_READY_WITHIN = 60  # seconds; on a busy machine everything takes long
#: The client that gets tokens for itself; the program has it too.
_MACHINE = ("machine", "the secret of a machine in tests")
#: The API whose access tokens are opaque, and the secret by which it asks what they are.
OPAQUE: Final = ("https://api.example/opaque", "the secret of an API in tests")
#: A web application, which logs users in, and its secret; the program has it too.
SITE: Final = ("site", "the secret of a site in tests")

Key = dict[str, Any]


def _rsa() -> str:
    return RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048))


#: What makes a private JWK, by how the algorithm's name begins.
_MAKERS: Final[dict[str, Callable[[], str]]] = {
    "RS": _rsa,
    "PS": _rsa,
    "ES": lambda: ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())),
    "Ed": lambda: OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate()),
}


def resource_of(algorithm: str) -> str:
    """Return the API whose access tokens are signed by *algorithm*."""
    return f"https://api.example/{algorithm}"


#: The APIs of the algorithms that the provider has keys for at first.
RESOURCES: Final = {name: resource_of(name) for name in ("RS256", "ES256", "PS256", "EdDSA")}


def find() -> str | None:
    """Return the folder in which it is installed, if there is a Node.js that runs it."""
    found = nodejs.find_packages(_FOLDER)
    return str(found) if found else None


def basic(name: str, secret: str) -> str:
    """Return what a client authenticates by (:rfc:`6749#section-2.3.1`)."""
    text = f"{urllib.parse.quote_plus(name)}:{urllib.parse.quote_plus(secret)}"
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def new_key(algorithm: str) -> Key:
    """Return a private key; the provider names it by its thumbprint."""
    key = json.loads(_MAKERS[algorithm[:2]]())
    return {
        **{name: key[name] for name in key if name != "key_ops"},
        "alg": algorithm,
        "use": "sig",
    }


def new_keys() -> list[Key]:
    """Return a private key of each algorithm."""
    return [new_key(algorithm) for algorithm in RESOURCES]


class Provider:
    """A provider on a port of its own, which it keeps when it is started again.

    Args:
        packages: The folder in which it is installed.
    """

    def __init__(self, packages: Path) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.discovery = f"{self.issuer}/.well-known/openid-configuration"
        self.jwks_uri = f"{self.issuer}/jwks"
        self.introspection = f"{self.issuer}/token/introspection"
        self.revocation = f"{self.issuer}/token/revocation"
        self.packages = packages
        self._keys = new_keys()
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - its own end
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, with the keys that it had."""
        self._process = subprocess.Popen(
            [str(nodejs.find()), str(_FOLDER / "provider.mjs"), str(self.port)],
            cwd=self.packages,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._send_keys()

    def rotate(self, *, keep: bool = True) -> None:
        """Sign with new keys at once, which nobody could have fetched before.

        Args:
            keep: Whether the old ones are published still.
        """
        self.use([*new_keys(), *(self._keys if keep else [])])

    def use(self, keys: list[Key]) -> None:
        """Publish these keys, and sign with the first of each algorithm, at once.

        Args:
            keys: Private JWKs. One of them has to be able to sign by RS256, as clients are used to.
        """
        self._keys = keys
        self._send_keys()

    def published(self) -> list[Key]:
        """Return the public keys of its key set."""
        keys: list[Key] = self.ask(self.jwks_uri)["keys"]
        return keys

    def token(self, resource: str, scope: str = "notes:read") -> str:
        """Return an access token of the client ``machine``, which is its subject too."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
        headers = {"Authorization": basic(*_MACHINE)}
        return str(self.ask(f"{self.issuer}/token", form, headers)["access_token"])

    def revoke(self, token: str) -> None:
        """Withdraw an opaque token of the client ``machine``."""
        self.read(self.revocation, {"token": token}, {"Authorization": basic(*_MACHINE)})

    def ask(
        self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        """Return the JSON that it answers, to a POST if there is a *form*."""
        answer: dict[str, Any] = json.loads(self.read(url, form, headers))
        return answer

    def read(
        self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] = {}
    ) -> str:
        """Return the text that it answers: some answers are a JWT."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, data, dict(headers))
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(response.read().decode())

    def stop(self) -> None:
        """Ask it to go, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Let it die in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections are accepted, and nothing is answered."""
        pause([self._running.pid])

    def resume(self) -> None:
        """Let it go on."""
        self._running.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it for good."""
        self.kill()
        self._log.close()

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "it was not started"
        return self._process

    def _send_keys(self) -> None:
        process = self._running
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps(self._keys)}\n")
        process.stdin.flush()
        is_told, _, _ = select.select([process.stdout], [], [], _READY_WITHIN)
        if not is_told or process.stdout.readline() != "ready\n":
            self._log.seek(0)
            raise RuntimeError(self._log.read()[-2000:])

    def _end(self, number: int) -> None:
        if self._process is not None:
            end(self._process, number)
            self._process = None


@contextmanager
def running(packages: str) -> Iterator[Provider]:
    """Start a provider for as long as the block lasts."""
    provider = Provider(Path(packages))
    try:
        provider.start()
        yield provider
    finally:
        provider.remove()
