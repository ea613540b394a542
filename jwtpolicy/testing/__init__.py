"""Test suites to inherit, such as the contract of token stores; it needs pytest."""

import pytest

# Before the imports: only then do their assertions show what they compared.
pytest.register_assert_rewrite(f"{__name__}.token_store", f"{__name__}.transport")

from .token_store import NOW, TokenStoreContract  # noqa: E402 # see above
from .transport import TransportContract, WritableTransportContract  # noqa: E402 # see above

__all__ = ["NOW", "TokenStoreContract", "TransportContract", "WritableTransportContract"]
