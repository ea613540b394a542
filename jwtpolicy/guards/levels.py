"""The levels of policies that guards add for a method, checked where they are written."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from functools import partial
from operator import is_not
from types import NoneType
from typing import Any, Final, NamedTuple, Protocol
from weakref import ref

from ..exceptions import PolicyDefinitionError, expect
from ..markers import NOT_GIVEN
from ..policy.base import AllOf, Policy, as_policy
from ..policy.credentials import Access, Public
from ..settings.readers import PLACES
from ..transports import Transport
from .misspelt_attributes import check_names
from .origins import UNKNOWN_LINE, LevelOrigin, Line, line_of_class
from .plan import Loader, check_loader, meeting

#: The name under which a function that a guard made carries that guard, and itself.
_MARK: Final = "__jwtpolicy_guard__"
#: The name under which a bare function remembers a guard that was put around it, and itself.
_WRAPPED: Final = "__jwtpolicy_wrapped__"
#: The name under which a bare function remembers what ``@public`` made of it, and itself.
_OPENED: Final = "__jwtpolicy_opened__"
#: The name under which a decorator carries the guard that it puts around functions.
PUTS: Final = "__jwtpolicy_puts__"

METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)


#: A place, by its name or as an object.
Place = str | Transport


class Reading(NamedTuple):
    """The transports that a guard reads tokens from, and its demands on CSRF.

    Attributes:
        transports: The transports it names; None: those of the application.
        csrf: Whether those that browsers send by themselves need a CSRF value; None: they do,
            unless another guard of the endpoint says no.
        judges_each: Whether each value of a cookie that was sent twice is judged.
    """

    transports: tuple[Place, ...] | None = None
    csrf: bool | None = None
    judges_each: bool = False


def reading_of(transports: object, csrf: object, where: str) -> Reading:
    """Return the `Reading` of a guard's arguments ``transports`` and ``csrf``.

    Raises:
        PolicyDefinitionError: *transports* names no place that exists, or *csrf* is neither None
            nor True nor False.
    """
    if csrf is not None and type(csrf) is not bool:
        msg = f"{where}: csrf is True or False, not {csrf!r:.40}"
        raise PolicyDefinitionError(msg)
    return Reading(None if transports is None else places_of(transports, where), csrf)


def places_of(value: object, where: str) -> tuple[Place, ...]:
    """Return one or several places as a tuple.

    Raises:
        PolicyDefinitionError: A value is neither the name of a place nor a `Transport`, or
            there is none.
    """
    listed = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    for place in listed:
        if not isinstance(place, Transport) and place not in PLACES:
            expected = f"one or several of {', '.join(PLACES)}, or Transport objects"
            msg = f"{where}: transports takes {expected}, not {place!r:.40}"
            raise PolicyDefinitionError(msg)
    if not listed:
        msg = f"{where}: transports is empty, so that no token could come; leave it out"
        raise PolicyDefinitionError(msg)
    return tuple(listed)


class Guard(Protocol):
    """A guard around a view: levels of policies by method, a resource loader, a reading.

    Attributes:
        loader: The function that loads the resource, or None.
        reading: The transports that it reads tokens from.
    """

    loader: Loader | None
    reading: Reading

    def levels(self, method: str) -> tuple[Policy, ...]:
        """Return its levels for *method*, in upper case; ``(Public(),)`` opens it."""

    def origins(self, method: str) -> list[LevelOrigin]:
        """Return the same levels with where they were written; it may read source files."""

    def writes(self, method: str) -> bool:
        """Whether a level for *method* was written, rather than the default level."""

    def is_async(self, method: str) -> bool:
        """Whether the view is async and the guard is not, because Flask's function is not."""


class FunctionGuard:
    """The guard of ``@protect(…)`` and ``@public`` on a function: one level for all methods.

    Attributes:
        level: The policies that were written, as one level.
        loader: The function that loads the resource, or None.
        reading: The transports that it reads tokens from.
        written: The line of the decorator.
        origin: The guard of the decorator that put it there; each function has a copy.
    """

    def __init__(
        self,
        level: Policy,
        loader: Loader | None = None,
        reading: Reading | None = None,
        written: Line = UNKNOWN_LINE,
    ) -> None:
        self.level = level
        self.loader = loader
        self.reading = reading or Reading()
        self.written = written
        self.origin: FunctionGuard = self

    def levels(self, method: str) -> tuple[Policy, ...]:
        return (self.level,)

    def origins(self, method: str) -> list[LevelOrigin]:
        return [LevelOrigin("decorator", self.level, "", *self.written)]

    def writes(self, method: str) -> bool:
        return True

    def is_async(self, method: str) -> bool:
        return False

    def __repr__(self) -> str:
        return f"@protect({self.level!r})"


class EndpointGuard(FunctionGuard):
    """The outermost guard of an endpoint, which has its guards on inner functions.

    It has no level of its own: it judges by the plan of its endpoint, which joins all levels that
    were written about it. What its endpoint does not guard it lets pass.

    Attributes:
        endpoint: The name of the endpoint.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__(Public())
        self.endpoint = endpoint


def level_of(value: object, where: str) -> Policy:
    """Return the policy of a level: one policy, or a list of them, which all have to allow.

    Raises:
        PolicyDefinitionError: The list is empty, or a member of it is not a policy.
    """
    if isinstance(value, Public):
        return value
    if not isinstance(value, list | tuple):
        return as_policy(value, where)
    if not value:
        msg = f"{where} is empty; leave it out for an access token, or write Public() to open it"
        raise PolicyDefinitionError(msg)
    return (
        AllOf(*(as_policy(member, where) for member in value))
        if len(value) > 1
        else level_of(value[0], where)
    )


class ClassGuard:
    """The guard of a `ProtectedView` for all its methods: the levels of its classes.

    Args:
        view: The class; every class in its MRO may add levels.
        methods: The methods that it handles, in upper case.

    Raises:
        PolicyDefinitionError: The levels cannot meet, or mean nothing.
    """

    def __init__(self, view: type, methods: Iterable[str]) -> None:
        self.view = view
        for cls in view.__mro__:
            check_names(cls, METHODS.union(methods))
        self.loader: Loader | None = getattr(view, "load_resource", None)
        check_loader_of(self.loader, f"{view.__name__}.load_resource")
        written = (getattr(view, "transports", None), getattr(view, "csrf", None))
        judges_each = getattr(view, "_judges_each_cookie", False)
        self.reading = reading_of(*written, view.__name__)._replace(judges_each=judges_each)
        self._classes = [_ClassLevels(cls, methods) for cls in _heirs(view) if _writes_levels(cls)]
        self._by_method = {method: self._collected(method) for method in methods}
        self._written = list(_written(view))
        for method, levels in self._by_method.items():
            self._check(method, levels)

    def loading_with(self, make_view: Callable[[], Any]) -> ClassGuard:
        """Return a copy of this guard that loads the resource through views from *make_view*."""
        guard = copy(self)
        if self.loader is not None:
            guard.loader = _bound_loader(self.loader, make_view)
        return guard

    def levels(self, method: str) -> tuple[Policy, ...]:
        self._check_written()
        found = self._by_method.get(method)
        return self._collected(method) if found is None else found

    def origins(self, method: str) -> list[LevelOrigin]:
        written = [
            LevelOrigin("class", level, cls.name, *line_of_class(cls.written_on))
            for cls in self._classes
            for level in cls.levels(method)
        ]
        line = line_of_class(self.view)
        return written or [LevelOrigin("default", Access(), self.view.__name__, *line)]

    def _check_written(self) -> None:
        """Notice levels that were written after the guard was made, and that nobody would ask.

        Raises:
            PolicyDefinitionError: An attribute that guards was set, deleted or changed in place.
        """
        now = list(_written(self.view))
        if len(now) != len(self._written) or any(map(is_not, now, self._written)):
            msg = (
                f"{self.view.__name__}: its policies, transports, csrf or load_resource changed "
                "after as_view was called; write them in the class, or before that"
            )
            raise PolicyDefinitionError(msg)

    def writes(self, method: str) -> bool:
        return any(cls.levels(method) for cls in self._classes)

    def is_async(self, method: str) -> bool:
        names = ("dispatch_request", *(name.lower() for name in _followed(method)))
        found = (getattr(self.view, name, None) for name in names)
        return any(map(inspect.iscoroutinefunction, found))

    def _collected(self, method: str) -> tuple[Policy, ...]:
        levels = [(cls, level) for cls in self._classes for level in cls.levels(method)]
        opened = [cls for cls, level in levels if isinstance(level, Public)]
        if opened and len(levels) > 1:
            other = next(cls for cls, level in levels if not isinstance(level, Public))
            msg = (
                f"{self.view.__name__}: {opened[0].name} has Public() for {method}, but the level "
                f"of {other.name} applies too; write inherit_policies = False in the class with "
                "Public(), to drop the inherited levels"
            )
            raise PolicyDefinitionError(msg)
        return tuple(level for _, level in levels) or (Access(),)

    def _check(self, method: str, levels: tuple[Policy, ...]) -> None:
        if not isinstance(levels[0], Public):
            label = f"{self.view.__name__}.{method.lower()}"
            meeting(levels, label)
            if self.loader is None:
                check_loader(levels, label)

    def __repr__(self) -> str:
        return self.view.__name__


#: The attributes of a view's class that make its guard.
_GUARDING: Final = (
    "policies",
    "method_policies",
    "inherit_policies",
    "transports",
    "csrf",
    "load_resource",
)


def _written(view: type) -> Iterator[object]:
    """Yield what the classes of *view* write about its guard, as far as it can change in place."""
    for cls in view.__mro__:
        own = vars(cls)
        for name in _GUARDING:
            yield from _flat(own.get(name, NOT_GIVEN))


def _flat(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield name
            yield from _flat(entry)
    elif isinstance(value, list | set):
        yield from value


def check_loader_of(loader: object, where: str) -> None:
    """Refuse a resource loader that cannot be called.

    Raises:
        PolicyDefinitionError: *loader* is neither None nor callable.
    """
    how = f"{where} is a function that returns the object, or None if it does not exist"
    expect(loader, (Callable, NoneType), how, PolicyDefinitionError)  # type: ignore[arg-type]


def _bound_loader(loader: Loader, make_view: Callable[[], Any]) -> Loader:
    if inspect.iscoroutinefunction(loader):

        async def load_async(**view_args: Any) -> Any:
            return await make_view().load_resource(**view_args)

        return load_async
    return lambda **view_args: make_view().load_resource(**view_args)


class _ClassLevels:
    """The levels that one class writes in its own namespace."""

    def __init__(self, cls: type, methods: Iterable[str]) -> None:
        self.written_on = cls
        self.name = cls.__name__
        own = vars(cls)
        self._all = None
        if "policies" in own:
            self._all = level_of(own["policies"], f"{self.name}.policies")
        self._by_method = _by_method(own.get("method_policies", {}), self.name, methods)

    def levels(self, method: str) -> list[Policy]:
        entries = [self._by_method[name] for name in _followed(method) if name in self._by_method]
        if any(isinstance(entry, Public) for entry in entries):
            return entries[:1]
        if entries and isinstance(self._all, Public):
            return entries
        return ([] if self._all is None else [self._all]) + entries


def _followed(method: str) -> tuple[str, ...]:
    """Return the methods whose levels apply: GET's handler answers HEAD too (HTTP-8)."""
    return ("GET", "HEAD") if method == "HEAD" else (method,)


def _by_method(entries: object, name: str, methods: Iterable[str]) -> dict[str, Policy]:
    if not isinstance(entries, Mapping):
        msg = f"{name}.method_policies is a mapping of methods to policies, not {entries!r:.60}"
        raise PolicyDefinitionError(msg)
    known = METHODS.union(methods)
    found: dict[str, Policy] = {}
    for method, value in entries.items():
        upper = method.upper() if isinstance(method, str) else method
        if upper not in known or upper in found:
            raise PolicyDefinitionError(_method_complaint(name, method, upper in found, known))
        found[upper] = level_of(value, f"{name}.method_policies[{method!r}]")
    return found


def _method_complaint(name: str, method: object, is_double: bool, known: Iterable[str]) -> str:
    if is_double:
        return f"{name}.method_policies names {method!r} twice"
    near = difflib.get_close_matches(str(method).upper(), known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{name}.method_policies: {method!r} is not a method{hint}"


def _writes_levels(cls: type) -> bool:
    return "policies" in vars(cls) or "method_policies" in vars(cls)


def _heirs(view: type) -> Iterator[type]:
    """Yield the classes whose levels count: ``inherit_policies = False`` cuts its bases off."""
    cut: set[type] = set()
    for cls in view.__mro__:
        if cls not in cut:
            yield cls
            inherits = vars(cls).get("inherit_policies", True)
            how = f"{cls.__name__}.inherit_policies is True or False"
            expect(inherits, bool, how, PolicyDefinitionError)
            if inherits is False:
                cut.update(cls.__mro__[1:])


def mark(function: Callable[..., Any], guard: Guard) -> None:
    """Mark *function* as the wrapper that *guard* has put around a view."""
    setattr(function, _MARK, (ref(function), guard))


def guard_of(function: object) -> Guard | None:
    """Return the guard that *function* itself is, or None.

    A mark counts on the function that it was put on alone: ``functools.wraps`` copies it to
    whatever stands around, which may answer without ever calling the guard.
    """
    found = getattr(function, "__dict__", {}).get(_MARK)
    return found[1] if found is not None and found[0]() is _plain(function) else None


def remember(function: Callable[..., Any], guard: Guard) -> None:
    """Mark the view inside of *guard*'s wrapper, so that a route to it is noticed (`missed_by`)."""
    if inspect.isfunction(function):
        setattr(function, _WRAPPED, (ref(function), guard))


def missed_by(function: object) -> Guard | None:
    """Return the guard that a route to *function* itself would bypass, or None.

    Of several guards, each for a route of its own, it is the last.
    """
    found = getattr(function, "__dict__", {}).get(_WRAPPED)
    return found[1] if found is not None and found[0]() is function else None


def remember_opening(function: Callable[..., Any], opened: Callable[..., Any]) -> None:
    """Mark the function that ``@public`` made *opened* of, until a route calls *opened*.

    None on one that its module knows by its name already: it is opened by a call, for a route that
    another application may have, and not by a decorator above another route.
    """
    if inspect.isfunction(function) and not _is_named(function):
        setattr(function, _OPENED, (ref(function), (*openings_of(function), opened)))


def _is_named(function: Any) -> bool:
    """Whether the module that defines *function* has it by its name."""
    module = sys.modules.get(function.__module__)
    return getattr(module, function.__qualname__, None) is function


def openings_of(function: object) -> tuple[Callable[..., Any], ...]:
    """Return the public twins of *function* that no route is known to call yet."""
    found = getattr(function, "__dict__", {}).get(_OPENED)
    return found[1] if found is not None and found[0]() is function else ()


def forget_openings(function: object) -> None:
    """Remove the mark of `remember_opening`, because a route calls the public twin."""
    getattr(function, "__dict__", {}).pop(_OPENED, None)


def layers_of(view: object) -> Iterator[object]:
    """Yield *view* and the functions that it wraps, the outermost first."""
    while view is not None:
        yield view
        view = _beneath(view)


def guards_around(view: object) -> Iterator[Guard]:
    """Yield the guards that were written around *view*, the outermost first."""
    for layer in layers_of(view):
        guard = guard_of(layer)
        if guard is not None and not isinstance(guard, EndpointGuard):
            yield guard


def opens(guard: Guard, method: str) -> bool:
    """Whether *guard* lets everybody in for *method*."""
    return isinstance(guard.levels(method)[0], Public)


def _plain(function: object) -> object:
    """Return *function*, or the function of a bound method."""
    return getattr(function, "__func__", function)


def _beneath(layer: object) -> object:
    """Return the callable beneath *layer*: its ``__wrapped__``, a partial's function, a method."""
    if isinstance(layer, partial):
        return layer.func
    wrapped = getattr(layer, "__wrapped__", None)
    is_object = wrapped is None and not inspect.isroutine(layer)
    return type(layer).__call__ if is_object and callable(layer) else wrapped
