"""Draw JSON that a hostile client would write."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.support.applications import SECRET

#: What a hostile client would write anywhere.
anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["access", "refresh", "", "ada", SECRET, "a.b.c", 10**400]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_names = st.sampled_from(
    ["sub", "type", "exp", "nbf", "iat", "jti", "iss", "aud", "fresh", "csrf", "sid", "scope", "x"]
)
#: Claims that a hostile client would add to good ones, and headers.
changes = st.dictionaries(_names, anything, max_size=4)
headers = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5c", "zip"]),
    anything,
    max_size=3,
)


def dumped(value: Any) -> bytes:
    """Return JSON as Python writes it, NaN and lone surrogates included."""
    return json.dumps(value).encode("utf-8", "surrogatepass")
