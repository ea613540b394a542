"""Speak TLS, and only with whom the certificate names."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.testing.token_store import NOW, ref, standing
from jwtpolicy.tokens.status import TokenStatus
from tests import services
from tests.services.processes import free_port
from tests.services.redis import RedisServer, running, wait_until
from tests.support.certificates import write_certificate
from tests.support.stores.redis import MakeStore, binary


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a server that speaks TLS."""
    found = binary("redis")
    if b"libssl" not in subprocess.run(["ldd", found], capture_output=True, check=False).stdout:
        services.missing("redis-tls", "the server was built without TLS")
    write_certificate(tmp_path)
    port = free_port()
    options: dict[str, Any] = {
        "tls_port": port,
        "tls_cert_file": tmp_path / "cert.pem",
        "tls_key_file": tmp_path / "key.pem",
        "tls_auth_clients": "no",
    }
    with running(RedisServer(found, **options)):
        yield port


@pytest.mark.parametrize("near_cache", [0, 60])
def test_a_server_whose_certificate_is_known_is_asked(
    port: int, tmp_path: Path, make_store: MakeStore, near_cache: float
) -> None:
    url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={tmp_path / 'cert.pem'}"
    store, other = make_store(url, near_cache=near_cache), make_store(url)
    assert [standing(store, session_id=None) for _ in range(9)] == [TokenStatus.GOOD] * 9
    other.revoke_token(ref(), expires_at=None, now=NOW)

    # The news of it has a way to go.
    wait_until(lambda: standing(store, session_id=None) is TokenStatus.REVOKED)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_others_are_not(port: int, tmp_path: Path, make_store: MakeStore, host: str) -> None:
    """A certificate of nobody known; one that is known, but for another name."""
    known = f"?ssl_ca_certs={tmp_path / 'cert.pem'}" if host == "localhost" else ""
    store = make_store(f"rediss://{host}:{port}{known}")

    with pytest.raises(StoreUnavailableError):
        standing(store)
