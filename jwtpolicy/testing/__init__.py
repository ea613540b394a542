"""Test suites to inherit, such as the contract of token stores; it needs pytest."""

import pytest

# Before the import: only then do its assertions show what they compared.
pytest.register_assert_rewrite(f"{__name__}.token_store")

from .token_store import NOW, TokenStoreContract  # noqa: E402 # see above

__all__ = ["NOW", "TokenStoreContract"]
