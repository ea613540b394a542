"""The test kit of applications: acting clients, tables of expectations, contracts to inherit."""

from typing import TYPE_CHECKING

from .client import ActingClient, act
from .movable_clock import MovableClock
from .personas import Credentials, Persona, anonymous, with_
from .policy_table import assert_policy
from .routes import assert_all_routes_guarded

if TYPE_CHECKING:
    from .token_store import NOW as NOW
    from .token_store import TokenStoreContract as TokenStoreContract
    from .transport import TransportContract as TransportContract
    from .transport import WritableTransportContract as WritableTransportContract

__all__ = [
    "NOW",
    "ActingClient",
    "Credentials",
    "MovableClock",
    "Persona",
    "TokenStoreContract",
    "TransportContract",
    "WritableTransportContract",
    "act",
    "anonymous",
    "assert_all_routes_guarded",
    "assert_policy",
    "with_",
]

#: What needs pytest, with the modules that have it.
_LATER = {
    "NOW": "token_store",
    "TokenStoreContract": "token_store",
    "TransportContract": "transport",
    "WritableTransportContract": "transport",
}


def __getattr__(name: str) -> object:
    """Import what needs pytest at its first use: whoever tests with unittest may not have it."""
    if name not in _LATER:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    import sys
    from importlib import import_module

    module = f"{__name__}.{_LATER[name]}"
    if module not in sys.modules:
        import pytest

        # Before the import: only then do its assertions show what they compared.
        pytest.register_assert_rewrite(module)
    return getattr(import_module(module), name)
