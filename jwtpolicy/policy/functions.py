"""The ``@policy`` decorator: policies, and factories of policies, made of functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Never, ParamSpec, Protocol, Self, overload

from ..exceptions import PolicyDefinitionError, expect
from ..markers import NOT_GIVEN, NotGiven
from ..parsing.signatures import signature_of
from .arguments import source_of
from .base import Policy, arguments_of
from .request import AccessRequest

type_of_function = Callable[..., Any]

if TYPE_CHECKING:
    P = ParamSpec("P")
    #: A function that `policy` turns into a policy.
    Predicate = Callable[[AccessRequest], object]
    #: A function that it turns into a factory, because of a keyword-only parameter.
    NamedOnly = Callable[Concatenate[AccessRequest, P], object]

    class Parametrised(Protocol[P]):
        """A function that it turns into a factory, because of a second positional parameter.

        It has to match both overloads: the second excludes ``(access)``, which the first also
        matches. Nothing excludes ``(access, *, days=30)``: to type checkers that becomes a
        policy.
        """

        @overload
        def __call__(
            self, access: AccessRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> object: ...
        @overload
        def __call__(self, access: AccessRequest, first: Never, /) -> object: ...  # type: ignore[overload-cannot-match]

    class PolicyDecorator(Protocol):
        """The decorator that ``policy(needs_token=…)`` returns; it takes the function alone."""

        @overload
        def __call__(self, function: Parametrised[P], /) -> Callable[P, Policy]: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, function: Predicate, /) -> Policy: ...
        @overload
        def __call__(self, function: NamedOnly[P], /) -> Callable[P, Policy]: ...  # type: ignore[overload-cannot-match]


class FunctionPolicy(Policy):
    """A policy that calls a function; the decorator `policy` makes it.

    Two are equal if they call the same function object with the same arguments, or with equal and
    immutable plain ones. Each evaluation of a ``def`` or ``lambda`` makes another function object.

    Attributes:
        function: The predicate, called with the `AccessRequest` and the policy's own arguments.
    """

    function: type_of_function

    def __new__(
        cls, function: type_of_function, needs_token: bool, args: Any = (), kwargs: Any = None
    ) -> Self:
        return super().__new__(cls, *args, **(kwargs or {}))

    def __init__(
        self, function: type_of_function, needs_token: bool, args: Any = (), kwargs: Any = None
    ) -> None:
        self.function = function
        self.needs_token = needs_token
        self._args = args
        # A tuple, not a dict: attributes have to be immutable for two policies to be equal.
        self._named = tuple((kwargs or {}).items())
        self._is_async = inspect.iscoroutinefunction(function)

    @property
    def is_async(self) -> bool:
        return self._is_async

    def decide(self, access: AccessRequest) -> Any:
        if self._named:
            return self.function(access, *self._args, **dict(self._named))
        return self.function(access, *self._args)

    def __repr__(self) -> str:
        name = self.function.__name__
        if not self._args and not self._named:
            return name
        return source_of(name, *arguments_of(self))


class PolicyFactory:
    """A predicate with parameters of its own; calling it with them returns a policy."""

    makes_policies = True

    def __init__(self, function: type_of_function, needs_token: bool) -> None:
        self._function = function
        self._needs_token = needs_token
        self._signature = _own_parameters(function)
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Policy:
        """Return the policy for these arguments.

        Raises:
            PolicyDefinitionError: The arguments do not fit the function's signature.
        """
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            msg = f"{self!r}: {error}; it takes {self._signature}"
            raise PolicyDefinitionError(msg) from None
        return FunctionPolicy(self._function, self._needs_token, bound.args, bound.kwargs)

    def __repr__(self) -> str:
        return self._function.__name__


def _own_parameters(function: type_of_function) -> inspect.Signature:
    """Return the signature without its first parameter, which is the `AccessRequest`.

    Raises:
        PolicyDefinitionError: The first parameter cannot be passed by position.
    """
    signature = signature_of(function)
    first, *rest = signature.parameters.values()
    if first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        msg = f"@policy: {function.__name__} has to take the AccessRequest first, by position"
        raise PolicyDefinitionError(msg)
    return signature.replace(parameters=rest)


# The order matters, because type checkers take the first overload that matches; mypy reports the
# overlap as an error.
@overload
def policy(function: Parametrised[P], /, *, needs_token: bool = True) -> Callable[P, Policy]: ...  # type: ignore[overload-overlap]
@overload
def policy(function: Predicate, /, *, needs_token: bool = True) -> Policy: ...
@overload
def policy(function: NamedOnly[P], /, *, needs_token: bool = True) -> Callable[P, Policy]: ...  # type: ignore[overload-cannot-match]
@overload
def policy(*, needs_token: bool = True) -> PolicyDecorator: ...
def policy(
    function: type_of_function | NotGiven = NOT_GIVEN, /, *, needs_token: bool = True
) -> Any:
    """Turn a function of an `AccessRequest` into a policy; it may be async.

    A function of one parameter becomes a policy. A function of several becomes a factory: call it
    with the other arguments to get a policy. The function returns ``True``, ``False``, an `Outcome`
    or ``access.deny("reason")``. If it returns anything else, the request is refused with 500.

    Args:
        function: The function, if the decorator is written without parentheses.
        needs_token: If False, the function is also called for requests without a verified token.

    Raises:
        PolicyDefinitionError: The decorated object is not a function, or does not take the
            `AccessRequest` first; or *needs_token* is not a bool.

    Example:
        >>> @policy
        ... def verified(access):
        ...     return access.token.claims["verified"]
        >>> print(jwt.explain(verified, jwt.issue("ada", claims={"verified": True})).outcome)
        ALLOW
    """
    expect(needs_token, bool, "@policy(needs_token=…) is True or False", PolicyDefinitionError)
    if function is NOT_GIVEN:
        return lambda decorated: policy_of(decorated, needs_token)
    return policy_of(function, needs_token)


def policy_of(function: object, needs_token: bool) -> Policy | PolicyFactory:
    """Return a policy, or a factory where *function* has parameters beside the request.

    Raises:
        PolicyDefinitionError: *function* is no function, or does not take the request first.
    """
    if not inspect.isfunction(function):
        msg = f"@policy goes on a function, not on {function!r:.60}"
        raise PolicyDefinitionError(msg)
    parameters = signature_of(function).parameters
    if not parameters:
        msg = f"@policy: {function.__name__} has to take the AccessRequest"
        raise PolicyDefinitionError(msg)
    if len(parameters) == 1:
        _own_parameters(function)
        return FunctionPolicy(function, needs_token)
    return PolicyFactory(function, needs_token)
