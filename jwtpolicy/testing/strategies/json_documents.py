"""Draw JSON that is read back as it was written."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .texts import texts


def json_values(*, max_leaves: int = 10) -> SearchStrategy[Any]:
    """Draw JSON that is read back as it was written: text without lone surrogates, finite numbers.

    Args:
        max_leaves: How many values that are no list and no object it holds at most.
    """
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        texts(),
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4),
        max_leaves=max_leaves,
    )
