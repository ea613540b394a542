"""Draw text that every token can hold."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def texts(*, min_size: int = 0, max_size: int | None = 20) -> SearchStrategy[str]:
    """Draw text without lone surrogates, which is read back as it was written.

    Args:
        min_size: How many characters it has at least.
        max_size: How many it has at most; None for no limit.
    """
    characters = st.characters(exclude_categories=["Cs"])
    return st.text(characters, min_size=min_size, max_size=max_size)


def subjects() -> SearchStrategy[str]:
    """Draw text that can be a subject or another id: it is not empty, and has no NUL."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(characters, min_size=1, max_size=20)
