"""Whatever goes wrong in a store of an application's own is an outage of it (K24)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError, RateLimitedError, StoreUnavailableError
from jwtpolicy.stores import CachedStore, MemoryStore, SQLiteStore, TokenStore
from jwtpolicy.stores.outages import _ANSWERS, checked
from jwtpolicy.testing import TokenStoreContract
from jwtpolicy.testing.token_store import NOW, ref, standing


class OwnStore(MemoryStore):
    """A store of an application's own."""


#: How an application's store asks a database that is down.
class DriverError(Exception):
    """What a driver raises."""


class TestACheckedStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> TokenStore:
        return checked(OwnStore())


def methods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the public methods of a store, and arguments that they take."""
    for name, method in inspect.getmembers(TokenStore, inspect.isfunction):
        if not name.startswith("_"):
            parameters = list(inspect.signature(method).parameters.values())[1:]
            yield name, {one.name: 1 for one in parameters if one.default is one.empty}


def test_every_method_of_a_store_is_checked() -> None:
    assert {name for name, _ in methods()} == set(_ANSWERS)


@pytest.mark.parametrize(("name", "arguments"), list(methods()))
def test_what_a_method_raises_is_an_outage_and_logged(
    name: str, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Any, **named: Any) -> Any:
        raise DriverError("\ud800")

    store = checked(type("Own", (OwnStore,), {name: broken})())
    with pytest.raises(StoreUnavailableError) as caught:
        getattr(store, name)(**arguments)

    assert isinstance(caught.value.__cause__, DriverError)
    assert caplog.messages == [f"the token store raised DriverError in {name}"]


@pytest.mark.parametrize(("name", "arguments"), list(methods()))
def test_what_has_to_be_awaited_is_no_answer(name: str, arguments: dict[str, Any]) -> None:
    """HTTP-11: it is true, so that ``consume`` would let everybody in."""

    async def later(self: Any, **named: Any) -> None: ...

    store = checked(type("Own", (OwnStore,), {name: later})())
    with pytest.raises(StoreUnavailableError, match="returned coroutine"):
        getattr(store, name)(**arguments)


@pytest.mark.parametrize("name", ["standing", "consume", "open_session", "rotate", "replace"])
@pytest.mark.parametrize("answer", [None, 1, "good", object()])
def test_an_answer_of_another_type_is_none(name: str, answer: object) -> None:
    arguments = dict(methods())[name]
    store = checked(type("Own", (OwnStore,), {name: lambda self, **named: answer})())

    with pytest.raises(StoreUnavailableError, match=f"from {name}"):
        getattr(store, name)(**arguments)


@pytest.mark.parametrize(
    "error", [RateLimitedError(), ConfigurationError(), StoreUnavailableError()]
)
def test_answers_of_http_and_mistakes_in_the_set_up_pass(error: Exception) -> None:
    class Own(OwnStore):
        def standing(self, *ids: Any, **times: Any) -> Any:
            raise error

    with pytest.raises(type(error)) as caught:
        standing(checked(Own()))
    assert caught.value is error


@pytest.mark.parametrize("make", [MemoryStore, lambda: SQLiteStore("x")])
def test_a_store_of_this_library_is_asked_as_it_is(make: Callable[[], TokenStore]) -> None:
    """It raises nothing else, and no look-up is to cost more."""
    store = make()

    assert checked(store) is store
    assert checked(OwnStore()) is not store


def test_a_checked_store_shows_as_itself() -> None:
    own = OwnStore()
    store: Any = checked(own)
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert isinstance(store, OwnStore)
    assert (repr(store), store.is_shared, store._tokens) == (repr(own), False, own._tokens)


def test_one_behind_a_cache_is_checked_too() -> None:
    class Own(OwnStore):
        def standing(self, *ids: Any, **times: Any) -> Any:
            raise DriverError

    with pytest.raises(StoreUnavailableError, match="DriverError in standing"):
        standing(CachedStore(Own(), 1))
