"""How the URLs of servers are read, and what they never show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.stores.redis.address import Address
from jwtpolicy.stores.redis.clients import Link, connect, link_to, link_to_sentinel

FORMS = [
    pytest.param("redis://h", Address("single", (("h", 6379),)), id="host"),
    pytest.param("redis://", Address("single", (("localhost", 6379),)), id="no host"),
    pytest.param("redis://[::1]:7/", Address("single", (("::1", 7),)), id="IPv6"),
    pytest.param("redis://h/3", Address("single", (("h", 6379),), database=3), id="database"),
    pytest.param(
        "redis://u%40x:p%2Fw@h:1",
        Address("single", (("h", 1),), username="u@x", password="p/w"),
        id="credentials",
    ),
    pytest.param(
        "redis://:p@h", Address("single", (("h", 6379),), password="p"), id="password alone"
    ),
    pytest.param(
        "redis://h?max_connections=5",
        Address("single", (("h", 6379),), max_connections=5),
        id="connections",
    ),
    pytest.param(
        "rediss://h?ssl_ca_certs=/ca.pem",
        Address(
            "single",
            (("h", 6379),),
            is_encrypted=True,
            tls={"ssl_ca_certs": "/ca.pem", "ssl_check_hostname": True},
        ),
        id="TLS",
    ),
    pytest.param(
        "rediss://h?ssl_cert_reqs=none",
        Address(
            "single",
            (("h", 6379),),
            is_encrypted=True,
            tls={"ssl_cert_reqs": "none", "ssl_check_hostname": False},
        ),
        id="TLS without certificates",
    ),
    pytest.param(
        "redis+sentinel://:p@a:1,b/main/2?sentinel_password=s",
        Address(
            "sentinel",
            (("a", 1), ("b", 26379)),
            service="main",
            database=2,
            password="p",
            sentinel={"password": "s"},
        ),
        id="Sentinels",
    ),
    pytest.param(
        "rediss+cluster://a,b:7",
        Address(
            "cluster",
            (("a", 6379), ("b", 7)),
            is_encrypted=True,
            tls={"ssl_check_hostname": True},
        ),
        id="Cluster",
    ),
]


@pytest.mark.parametrize(("url", "expected"), FORMS)
def test_a_url_is_read(url: str, expected: Address) -> None:
    assert Address.of(url) == expected


@pytest.mark.parametrize(
    ("url", "named"),
    [
        pytest.param("http://hunter2@h", "scheme", id="scheme"),
        pytest.param("redis://:hunter2@a,b", "one host", id="two hosts"),
        pytest.param("redis://:hunter2@h:port", "cannot be read", id="port"),
        pytest.param("redis://:hunter2@h/x", "cannot be read", id="database"),
        pytest.param("redis://:hunter2@h/1/2", "path", id="longer path"),
        pytest.param("redis://:hunter2@h/-1", "path", id="negative database"),
        pytest.param("redis+cluster://:hunter2@h/1", "path", id="database of a Cluster"),
        pytest.param("redis+sentinel://:hunter2@h", "service", id="no service"),
        pytest.param("redis+sentinel://:hunter2@h,i,H:26379/m", "twice", id="one Sentinel twice"),
        pytest.param("redis://:hunter2@h?timeout=1", "'timeout'", id="unknown option"),
        pytest.param("redis://:hunter2@h?x", "cannot be read", id="option without a value"),
        pytest.param("redis://:hunter2@h?max_connections=0", "at least 1", id="no connections"),
        pytest.param("rediss://:hunter2@h?ssl_check_hostname=1", "true or false", id="no flag"),
    ],
)
def test_another_url_is_refused_and_not_repeated(url: str, named: str) -> None:
    """KEY-8."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        RedisStore(url)

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:hunter2@h/1", "redis://h:6379/1"),
        ("rediss+sentinel://:hunter2@a,b/m?sentinel_password=hunter2", None),
        ("redis+cluster://:hunter2@a", "redis+cluster://a:6379/0"),
    ],
)
def test_a_store_shows_no_password(url: str, shown: str | None) -> None:
    """KEY-8."""
    store = RedisStore(url)

    assert "hunter2" not in repr(store) + repr(store._address)
    assert (
        repr(store)
        == f"RedisStore({shown or 'rediss+sentinel://a:26379,b:26379/m/0'!r}, timeout=5.0)"
    )


@pytest.mark.parametrize("link", [link_to, link_to_sentinel])
def test_tls_looks_at_certificates_and_names(link: Callable[..., Link]) -> None:
    pool = link(("h", 1), Address.of("rediss+sentinel://h/m"), 1).pool
    assert pool is not None
    made = pool.make_connection()

    assert "SSL" in type(made).__name__
    assert (made.check_hostname, str(made.cert_reqs)) == (True, "2")  # type: ignore[union-attr]


def test_there_may_be_as_many_connections_as_was_said() -> None:
    """And one more, for the role; redis-py has a number of its own in mind."""
    pool = connect(Address.of("redis://h?max_connections=400"), 1).pool

    assert pool is not None
    assert [pool.make_connection() is not None for _ in range(401)] == [True] * 401
