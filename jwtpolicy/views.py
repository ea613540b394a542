"""Guard functions and classes: `protect`, `public` and `ProtectedView`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast, overload

from flask import has_request_context
from flask.typing import RouteCallable
from flask.views import MethodView

from .app.bound_app import application
from .exceptions import PolicyDefinitionError
from .guards.levels import (
    PUTS,
    ClassGuard,
    FunctionGuard,
    Guard,
    Place,
    check_loader_of,
    guards_around,
    level_of,
    mark,
    opens,
    reading_of,
    remember,
    remember_opening,
)
from .guards.origins import UNKNOWN_LINE, calling_line
from .guards.plan import Loader, check_loader, meeting
from .policy.base import Policy
from .policy.credentials import Access, Public
from .proxies import RequestProxy, current_resource, loaded

View = TypeVar("View", bound=Callable[..., Any])

# The type of the resource, for type checkers: Any without a parameter, as with `JWTManager`.
if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultingTypeVar

    Resource = DefaultingTypeVar("Resource", default=Any)
else:
    Resource = TypeVar("Resource")


@overload
def protect(view: View, /) -> View: ...
@overload
def protect(
    *policies: Policy,
    resource: Loader | None = None,
    transports: Place | Iterable[Place] | None = None,
    csrf: bool | None = None,
) -> Callable[[View], View]: ...
def protect(
    *policies: Any,
    resource: Loader | None = None,
    transports: Any = None,
    csrf: bool | None = None,
) -> Any:
    """Guard a function: it runs if all *policies* allow the request.

    Write it below the route's decorator, with or without parentheses. Without policies, an access
    token is required. Several of these decorators, and the policies of the blueprint, are
    evaluated as one tree, before any decorator above them can answer. The guard of an
    ``async def`` is async.

    Args:
        policies: The policies that all have to allow the request.
        resource: A function that loads the resource of the endpoint from the variables of the
            URL, for `Owns`, `ResourceMatch` and `current_resource`. If it returns None, the
            answer is 404 ``not_found``.
        transports: The transports that may carry the token, one or several: ``headers``,
            ``cookies``, ``query_string``, ``json``, or `Transport` objects. If None, those of the
            application.
        csrf: If False, a token in a cookie needs no CSRF value. By default it needs one.

    Raises:
        PolicyDefinitionError: An argument is not a policy; or no request can ever pass the
            policies; or they ask about a resource and there is no loader; or *transports* names
            an unknown place.

    Example:
        >>> @app.get("/reports")
        ... @protect(HasRole("admin") | HasScope("reports:read"))
        ... def reports():
        ...     return []
        >>> app.test_client().get("/reports").status
        '401 UNAUTHORIZED'
    """
    is_bare = resource is None and transports is None and csrf is None
    if is_bare and len(policies) == 1 and _is_view(policies[0]):
        return _BARE(policies[0])
    check_loader_of(resource, "protect(resource=…)")
    level = level_of(policies or (Access(),), "protect")
    if isinstance(level, Public):
        msg = "protect(Public()) protects nothing; write @public"
        raise PolicyDefinitionError(msg)
    if resource is None:
        check_loader([level], f"protect({level!r})")
    _check_meeting(level)
    reading = reading_of(transports, csrf, "protect")
    return _Decorator(FunctionGuard(level, resource, reading, calling_line()))


def _check_meeting(level: Policy) -> None:
    meeting([level], f"protect({level!r})")


def _is_view(value: object) -> bool:
    return inspect.isroutine(value)


class _Decorator:
    """The decorator that ``protect(…)`` returns: it wraps each view function in a guard."""

    def __init__(self, guard: FunctionGuard) -> None:
        self._guard = guard
        setattr(self, PUTS, guard)

    def __call__(self, view: Any) -> Any:
        if isinstance(view, type) or not callable(view):
            msg = f"@protect goes on functions, not on {view!r:.60}; inherit from ProtectedView"
            raise PolicyDefinitionError(msg)
        if any(opens(guard, "GET") for guard in guards_around(view)):
            msg = f"{_name(view)} is @public and @protect at once; keep one of them"
            raise PolicyDefinitionError(msg)
        remember(view, self._guard)
        guard = copy(self._guard)
        if guard.written is UNKNOWN_LINE:  # `_BARE`, which is written anew on each function
            guard.written = calling_line()
        return guarded(view, guard)


#: The decorator of ``@protect`` without parentheses.
_BARE: Final = _Decorator(FunctionGuard(Access()))
setattr(protect, PUTS, getattr(_BARE, PUTS))


def _name(view: Any) -> str:
    return getattr(view, "__name__", repr(view))


def guarded(view: Any, guard: Guard) -> Any:
    """Return *view* behind *guard*; an async view behind an async one."""
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            if args:
                _check_call(view, args)
            outer = await application().admit_async(guard)
            if outer is None:
                return await view(*args, **kwargs)
            try:
                return await view(*args, **kwargs)
            finally:
                outer.restore()

    else:
        is_stepwise = inspect.isgeneratorfunction(view) or inspect.isasyncgenfunction(view)

        @wraps(view)
        def inner(*args: Any, **kwargs: Any) -> Any:
            if args:
                _check_call(view, args)
            outer = application().admit(guard)
            if outer is None:
                return view(*args, **kwargs)
            try:
                result = view(*args, **kwargs)
                return outer.around(result) if is_stepwise else result
            finally:
                outer.restore()

    mark(inner, guard)
    return inner


def _check_call(view: Any, args: tuple[Any, ...]) -> None:
    """Raise when an undecorated predicate was passed as the view (`@policy` forgotten).

    Raises:
        PolicyDefinitionError: A guard was called outside of a request, with a function as its
            first argument: ``@protect(is_admin)`` took ``is_admin`` for the view.
    """
    if not has_request_context() and inspect.isroutine(args[0]):
        name = view.__name__
        msg = f"protect({name}) took {name} for the view; did you forget @policy on {name}?"
        raise PolicyDefinitionError(msg)


def public(view: View) -> View:
    """Return a public copy of *view*: its endpoint needs no token, even in a guarded blueprint.

    Write it directly below the route's decorator, because it applies to the function that Flask
    calls. *view* itself is not changed, so another route may guard it.

    Raises:
        PolicyDefinitionError: *view* is not a function, or has a `protect` decorator as well.

    Example:
        >>> @app.get("/health")
        ... @public
        ... def health():
        ...     return "up"
        >>> app.test_client().get("/health").text
        'up'
    """
    if not inspect.isroutine(view):
        msg = f"@public goes on functions, not on {view!r:.60}; in a class write Public()"
        raise PolicyDefinitionError(msg)
    if not all(opens(guard, "GET") for guard in guards_around(view)):
        msg = f"{_name(view)} is @public and @protect at once; keep one of them"
        raise PolicyDefinitionError(msg)
    opened = _calling(view)
    mark(opened, FunctionGuard(Public(), written=calling_line()))
    remember_opening(view, opened)
    return cast(View, opened)


def _calling(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a new function that calls *view*: an async function if *view* is one."""
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            return await view(*args, **kwargs)

    else:

        @wraps(view)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **kwargs)

    return inner


def _class_guard(view: type[MethodView]) -> ClassGuard:
    """Return the guard of what the classes of *view* say now."""
    return ClassGuard(view, sorted(view.methods or ()))


class ProtectedView(MethodView, Generic[Resource]):
    """A `MethodView` whose methods are guarded, even if subclasses override them.

    The guard is in the function that `as_view` returns. The policies of all classes in the MRO
    apply, those of plain mixins included, so a subclass can only add policies. If there are none,
    an access token is required. HEAD is guarded as GET is.

    Define ``load_resource(self, **view_args)`` to use `Owns`, `ResourceMatch` and `resource`. If
    it returns None, the answer is 404 ``not_found``. In ``ProtectedView[Note]`` type checkers know
    that the resource is a ``Note``.

    Attributes:
        policies: One policy, or a list of policies that all have to allow.
        method_policies: The same for single methods, by name, in upper or lower case.
        inherit_policies: If a class sets it to False, the policies of its bases do not apply to
            it. Those of the blueprint and the baseline still do.
        transports: The transports that may carry the token, as in `protect`.
        csrf: Whether a token in a cookie needs a CSRF value, as in `protect`.

    Example:
        >>> class Account(ProtectedView):
        ...     policies = IsSubject("user_id") | HasRole("admin")
        ...     method_policies = {"DELETE": Fresh(within=300)}
        ...
        ...     def get(self, user_id):
        ...         return {"id": user_id}
        ...
        ...     def delete(self, user_id):
        ...         return {}
        >>> app.add_url_rule("/accounts/<int:user_id>", view_func=Account.as_view("account"))
        >>> headers = {"Authorization": f"Bearer {jwt.issue('7')}"}
        >>> app.test_client().get("/accounts/7", headers=headers).json
        {'id': 7}
        >>> app.test_client().delete("/accounts/7", headers=headers).status
        '401 UNAUTHORIZED'
    """

    policies: ClassVar[Policy | Sequence[Policy]]
    method_policies: ClassVar[Mapping[str, Policy | Sequence[Policy]]]
    inherit_policies: ClassVar[bool] = True
    transports: ClassVar[Place | Sequence[Place] | None] = None
    csrf: ClassVar[bool | None] = None
    #: Declared for type checkers alone: a class without a loader has none. As an attribute, so that
    #: methods of any parameters, static ones too, fit it.
    load_resource: Callable[..., Resource | Awaitable[Resource | None] | None]
    #: Whether each value of a cookie that was sent twice is judged, and not the request refused.
    _judges_each_cookie: ClassVar[bool] = False
    #: Whether it remembers something, or reads what was remembered.
    _needs_store: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        first = next(base for base in cls.__mro__ if "as_view" in vars(base))
        if first is not ProtectedView:
            msg = (
                f"{cls.__name__}: {first.__name__}.as_view comes before ProtectedView's, so that "
                "nothing would be guarded; name ProtectedView first among the bases"
            )
            raise PolicyDefinitionError(msg)
        _class_guard(cls)  # so that what cannot be meant is an error where it is written

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> RouteCallable:
        """Return the guarded view function; see `flask.views.View.as_view`.

        Raises:
            PolicyDefinitionError: The class is abstract, and a subclass has to define the rest.
        """
        if missing := sorted(getattr(cls, "__abstractmethods__", ())):
            msg = f"{cls.__name__} does not define {', '.join(missing)}; subclass it and do"
            raise PolicyDefinitionError(msg)
        view = super().as_view(name, *class_args, **class_kwargs)
        guard = _class_guard(cls).loading_with(lambda: cls(*class_args, **class_kwargs))
        return cast(RouteCallable, guarded(view, guard))

    @property
    def resource(self) -> Resource:
        """The loaded resource of the current request.

        If the loader raises `AttributeError`, it becomes a `LoaderError`, because templates and
        `getattr` would read it as an attribute that does not exist.
        """
        found: Resource = loaded(cast(RequestProxy, current_resource), AttributeError)
        return found
