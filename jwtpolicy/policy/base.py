"""The base class of policies, and the operators ``&``, ``|``, ``~``, `AtLeast` and `When`."""

from __future__ import annotations

import copyreg
import inspect
import logging
from collections.abc import Iterable, Sequence
from copy import copy, deepcopy
from functools import cached_property, wraps
from types import UnionType
from typing import Any, ClassVar, Final, NoReturn, Self, TypeVar

from werkzeug.exceptions import HTTPException

from ..decision import ALLOWED, WRITTEN, Decision, Finding, Outcome
from ..exceptions import (
    MissingClaimError,
    PolicyDefinitionError,
    PolicyError,
    StoreUnavailableError,
    UnknownUserError,
)
from ..parsing.signatures import signature_of
from .arguments import Alone, Comparable, copied, identity_of, source_of
from .program import CPU, Builder, Conjunction, Disjunction, Node, Program, Threshold
from .request import AccessRequest, NoApplicationError, UserPending

logger = logging.getLogger("jwtpolicy")

Error = TypeVar("Error", bound=Exception)

#: Prefix of the modules of built-in policies.
_LIBRARY = f"{__package__}."

#: The reason of ``NO_TOKEN``.
NO_TOKEN_SENT = "no token was sent"  # noqa: S105 # words
_NO_TOKEN = Finding(Outcome.NO_TOKEN, NO_TOKEN_SENT)
#: Keys of the library's own entries in ``vars(policy)``: no attribute of a subclass has a dot.
_ARGUMENTS, _DEPTH, _IDENTITY, _PROGRAM, _SEALED, _ = _OURS = (
    "jwtpolicy.arguments",
    "jwtpolicy.depth",
    "jwtpolicy.identity",
    "jwtpolicy.program",
    "jwtpolicy.sealed",
    WRITTEN,
)
#: Levels of a policy tree: printing, comparing or copying deeper ones would exhaust the stack.
_DEEPEST: Final = 100
#: Members of a chain of ``&`` or ``|``: each sign copies all before it, which is quadratic.
_LONGEST: Final = 2_000
_IDENTITY_IS_TAKEN = "policies are told apart by `identity`; call your attribute something else"


def without_token(access: AccessRequest) -> Finding:
    """Return the finding of leaves that need a verified token, for a request without one."""
    error = access.credential_error
    return _NO_TOKEN if error is None else Finding(error.outcome, error.reason, error=error)


def without_frames(error: Error) -> Error:
    """Return *error* without its traceback, to be stored in a finding.

    The frames of a traceback refer to the finding: such a reference cycle would keep the whole
    request in memory until the next garbage collection. ``__cause__`` keeps its own traceback.
    """
    return error.with_traceback(None)


def without_user(error: HTTPException) -> Finding:
    """Return the finding for a token whose user could not be loaded."""
    error = without_frames(error)
    if isinstance(error, UnknownUserError):
        return Finding(Outcome.INVALID_TOKEN, error.reason, error=error)
    # A loader may raise an HTTPException of its own, such as 404: the guard raises it as it is.
    return Finding(Outcome.ERROR, "the user could not be loaded", error=error)


def without_application(policy: object, error: NoApplicationError) -> Finding:
    """Return the finding of a policy that was evaluated by hand, and would have to ask something.

    It is not logged: no request has met it.
    """
    reason = f"{policy!r}: {error}"
    return Finding(Outcome.ERROR, reason, error=PolicyError(reason))


def broken(policy: object, why: str, error: Exception | None = None) -> Finding:
    """Log a bug in the application's predicate, and return the finding that answers 500."""
    reason = f"the policy {policy!r} {why}"
    logger.error("%s; the request was refused", reason, exc_info=error)  # ERROR refuses
    return Finding(Outcome.ERROR, reason, error=PolicyError(reason))


class Policy(Comparable):
    """An authorization rule that allows or refuses a request; it is immutable and hashable.

    Combine policies with ``&``, ``|`` and ``~``. The ``repr`` of a policy is its source text.
    Policies nest at most 100 levels deep; ``AllOf(*policies)`` combines many in one level.

    To write a policy with parameters, subclass `Policy` and define `decide`. For one without
    parameters, `jwtpolicy.policy` on a function is shorter.

    If a tree contains equal policies, only the first of them is evaluated. Two policies are equal
    if they are of the same class, and if every attribute that ``__init__`` sets is the same object
    or an equal and immutable plain value: text, numbers, UUIDs, other policies, and tuples and
    frozensets of these. So a policy that keeps a list is equal only to itself.

    Attributes:
        needs_token: If True, `decide` is called only with a verified token. Without a token the
            outcome is ``NO_TOKEN``.
        cost: ``0`` for comparisons of claims, ``1`` for code of the application, ``2`` for a
            request to a database. Policies of low cost are evaluated first.

    Example:
        >>> class EvenSubject(Policy):
        ...     def decide(self, access):
        ...         return int(access.token.subject) % 2 == 0
        >>> print(jwt.explain(EvenSubject(), jwt.issue("7")).outcome)
        FORBIDDEN
    """

    cost: ClassVar[int] = CPU
    worst: ClassVar[Outcome] = Outcome.NOT_FOUND
    is_combinable: ClassVar[bool] = True
    needs_token: bool = True
    _has_hidden_state: ClassVar[bool] = False

    def __new__(cls, /, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        vars(self)[_ARGUMENTS] = copied((args, kwargs))
        return self

    def __init__(self) -> None:
        """Take no arguments; subclasses define their own."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "identity" in vars(cls):
            raise PolicyDefinitionError(_IDENTITY_IS_TAKEN)
        if (init := cls.__dict__.get("__init__")) is not None:
            cls.__init__ = _sealing(init)  # type: ignore[method-assign]
        # The values of slots, and the items of a subclass of `set`, are not in `vars`: such a
        # policy cannot be compared by them.
        cls._has_hidden_state = cls.__basicsize__ != Policy.__basicsize__ or any(
            isinstance(found, cached_property)
            for base in cls.__mro__
            for found in vars(base).values()
        )

    @property
    def identity(self) -> object:
        """The key for ``==`` and ``hash``: the class and the attributes, types included."""
        known = vars(self)
        if _IDENTITY not in known:
            is_plain = _SEALED in known and not self._has_hidden_state
            known[_IDENTITY] = _identity(self) if is_plain else None
        # None: read during `__init__`, or of a class whose `__init__` `_sealing` did not wrap, such
        # as a dataclass. `Alone` is not stored, because a copy of the policy would then equal it.
        found = known[_IDENTITY]
        return Alone(self) if found is None else found

    def decide(self, access: AccessRequest) -> Any:
        """Return ``True``, ``False``, an `Outcome` or ``access.deny(…)``; it may be async.

        If it returns anything else, such as ``None``, or raises, that is an error of the
        application: the request is refused with 500 ``server_error``, and logged. If it reads an
        absent claim of ``access.token.claims``, the outcome is ``MISSING_CLAIM``.
        """
        raise NotImplementedError

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.decide)

    @property
    def is_awaited(self) -> bool:
        return self.is_async

    @property
    def is_single_use(self) -> bool:
        return False

    @property
    def is_consumed(self) -> bool:
        return False

    @property
    def refuses_nobody(self) -> bool:
        # A `judge` that the application overrides may return anything, and a `needs_token` that is
        # a property may change between requests: neither proves NO_TOKEN ahead of time.
        judge = getattr(self.judge, "__func__", None)
        is_ours = getattr(judge, "__globals__", {}).get("__name__", "").startswith(_LIBRARY)
        return is_ours and inspect.getattr_static(self, "needs_token") is True

    @property
    def needs(self) -> frozenset[str]:
        return frozenset()

    def judge(self, access: AccessRequest) -> Finding:
        """Return the finding of this leaf, running an async `decide` to its end."""
        if self.needs_token and access.token is None:
            return without_token(access)
        access.touched = False
        try:
            if self.is_async:
                found: Finding = access.services.run_async(self.judge_async)(access)
                return found
            return self._answer(access, self.decide(access))
        except Exception as error:  # noqa: BLE001 # whatever it is, it must refuse
            return self._failure(access, error)

    async def judge_async(self, access: AccessRequest) -> Finding:
        """Return the finding of this leaf, awaiting its `decide`."""
        if self.needs_token and access.token is None:
            return without_token(access)
        # Only a read of the user by this leaf may load it here; the flag of other leaves is kept.
        others_wait, access.waits_for_user = access.waits_for_user, False
        found = await self._decided(access)
        if access.waits_for_user:
            await access.load_user()
            found = await self._decided(access)
        access.waits_for_user = others_wait
        return found

    async def _decided(self, access: AccessRequest) -> Finding:
        access.touched = False
        try:
            return self._answer(access, await self.decide(access))
        except Exception as error:  # noqa: BLE001 # whatever it is, it must refuse
            return self._failure(access, error)

    def _answer(self, access: AccessRequest, answer: object) -> Finding:
        # The answer does not count where it read a resource that is not loaded yet: the guard loads
        # it and asks again.
        if access.touched and not access.has_resource:
            return Finding(Outcome.PENDING, "waits for the resource")
        if answer is True:
            return ALLOWED
        if answer is False:
            return Finding(Outcome.FORBIDDEN, "it returned False")
        if isinstance(answer, Outcome) and answer is not Outcome.PENDING:
            return ALLOWED if answer is Outcome.ALLOW else Finding(answer, f"it returned {answer}")
        if isinstance(answer, Finding):
            return answer
        return self._no_answer(answer)

    def _no_answer(self, answer: object) -> Finding:
        if inspect.iscoroutine(answer):
            answer.close()  # else Python warns that it was never awaited
        kind = type(answer).__name__
        return broken(self, f"returned {kind}, not True, False, an Outcome or access.deny(…)")

    def _failure(self, access: AccessRequest, error: Exception) -> Finding:
        if access.touched and not access.has_resource:
            return Finding(Outcome.PENDING, "waits for the resource")
        if isinstance(error, UserPending) and (access.awaits_user or self.is_async):
            access.waits_for_user = True
            return Finding(Outcome.PENDING, "waits for the user")
        if error is access.user_error:
            return without_user(access.user_error)
        if isinstance(error, MissingClaimError):
            return Finding(Outcome.MISSING_CLAIM, error.reason, error=without_frames(error))
        if isinstance(error, StoreUnavailableError):
            return Finding(Outcome.ERROR, error.reason, error=without_frames(error))
        if isinstance(error, NoApplicationError):
            return without_application(self, error)
        return broken(self, f"raised {type(error).__name__}", error)

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        """Return this policy, or its negation, as a node of a program."""
        return builder.literal(self, is_negated, Not(self) if is_negated else self)

    @property
    def program(self) -> Program:
        """The compiled policy; compiled at the first use and cached."""
        program: Program | None = vars(self).get(_PROGRAM)
        if program is None:
            builder = Builder()
            root = self.compile(builder, False)
            program = vars(self)[_PROGRAM] = Program(root, builder)
        return program

    def evaluate(self, access: AccessRequest) -> Decision:
        """Return the decision of this policy alone: the baseline is not asked, no token is used up.

        Args:
            access: The request.
        """
        program = self.program
        run = program.run(access)
        program.root.weigh(run)
        return program.root.compose(run)

    def __and__(self, other: object) -> Policy:
        return _in_a_row(AllOf(as_policy(self, "&"), as_policy(other, "&")))

    def __rand__(self, other: object) -> Policy:
        return as_policy(other, "&") & self

    def __or__(self, other: object) -> Policy:
        return _in_a_row(AnyOf(as_policy(self, "|"), as_policy(other, "|")))

    def __ror__(self, other: object) -> Policy:
        return as_policy(other, "|") | self

    def __invert__(self) -> Policy:
        return Not(as_policy(self, "~"))

    def __bool__(self) -> NoReturn:
        msg = (
            f"{self!r} has no truth value: write & | ~ between policies, "
            "because `and`, `or` and `not` would drop one of them"
        )
        raise PolicyDefinitionError(msg)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "identity":
            raise PolicyDefinitionError(_IDENTITY_IS_TAKEN)
        if _SEALED in vars(self):
            msg = f"{self!r} is frozen: make another policy"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        msg = f"{self!r} is frozen: make another policy"
        raise AttributeError(msg)

    def __reduce_ex__(self, protocol: Any) -> Any:
        how = super().__reduce_ex__(protocol)
        is_usual = how[0] is copyreg.__newobj__  # type: ignore[attr-defined] # pickle's own
        if not is_usual or not isinstance(how[2], dict):
            # A class with slots, or with another base that has its own way of pickling, such as
            # `set`.
            return how
        # `__new__` of some subclasses requires arguments, and pickle passes none: the state that
        # follows contains all that they would set.
        return (_blank, (type(self),), _without_derived(how[2]))

    def __repr__(self) -> str:
        return source_of(type(self).__name__, *arguments_of(self))


def _blank(kind: type[Policy]) -> Policy:
    """Return an empty policy of *kind*; `copy` or `pickle` then sets its state."""
    return object.__new__(kind)


def _without_derived(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a policy without its cached program and identity."""
    # An identity of None is kept: such a policy equals itself alone, and so does its copy.
    derived = {_PROGRAM} if state.get(_IDENTITY) is None else {_PROGRAM, _IDENTITY}
    return {name: value for name, value in state.items() if name not in derived}


def arguments_of(policy: Policy) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return copies of the constructor arguments of *policy*, made when it was constructed."""
    found: tuple[tuple[Any, ...], dict[str, Any]] = vars(policy)[_ARGUMENTS]
    return found


def _seal(policy: Policy) -> None:
    """Freeze *policy* after ``__init__``, and compute its identity."""
    # Of operators the identity is computed on demand: most, as in `a & b & c`, are only
    # intermediate results.
    if type(policy) not in _OPERATORS and not policy._has_hidden_state:
        vars(policy).setdefault(_IDENTITY, _identity(policy))
    vars(policy)[_SEALED] = True


def _identity(policy: Policy) -> object:
    """Return the class of *policy* and its attributes, ordered by name."""
    state = sorted(item for item in vars(policy).items() if item[0] not in _OURS)
    return (type(policy), *(part for name, value in state for part in (name, identity_of(value))))


def _sealing(init: Any) -> Any:
    """Wrap an ``__init__`` so that it freezes the object, and explains wrong arguments."""

    @wraps(init)
    def sealing(self: Policy, /, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            # A traceback without a frame of `init`: the call itself failed, so the arguments do not
            # fit its signature. Any other TypeError is a bug inside of it.
            if error.__traceback__ is None or error.__traceback__.tb_next is None:
                raise PolicyDefinitionError(_misfit(self, init)) from None
            raise
        # A subclass goes on setting attributes after super().__init__().
        if type(self).__init__ is sealing:
            _seal(self)

    return sealing


Policy.__init__ = _sealing(Policy.__init__)  # type: ignore[method-assign]


def _misfit(policy: Policy, init: Any) -> str:
    """Return the error message for wrong constructor arguments: the call, and the signature."""
    name = type(policy).__name__
    made = source_of(name, *arguments_of(policy))
    _, *taken = signature_of(init).parameters.values()
    shown = ", ".join(_shown(parameter) for parameter in taken)
    return f"{made} does not fit; write {name}({shown})"


def _shown(parameter: inspect.Parameter) -> str:
    """Return a parameter as it is written in a call: ``name``, or ``name=…``."""
    if parameter.kind is parameter.KEYWORD_ONLY:
        return f"{parameter.name}=…"
    return str(parameter).partition("=")[0]


def as_policy(value: object, where: str) -> Policy:
    """Return *value* if it is a policy that can be combined.

    Args:
        value: The operand or argument.
        where: The operator or class that takes it, for the message.

    Raises:
        PolicyDefinitionError: It is a class, a union of classes, a plain function, an unfinished
            ``When``, a factory that was not called, ``Public()``, or something else.
    """
    if isinstance(value, Policy) and value.is_combinable:
        return value
    msg = f"{where}: {_complaint(value)}"
    raise PolicyDefinitionError(msg)


def _complaint(value: object) -> str:
    if isinstance(value, Policy):
        return f"{value!r} stands alone: it is a whole level, or none"
    if isinstance(value, UnionType):
        names = " | ".join(f"{part.__name__}()" for part in value.__args__)
        return f"expected a policy, got a union of classes; did you mean {names}?"
    if isinstance(value, type):
        return (
            f"expected a policy, got the class {value.__name__}; did you mean {value.__name__}()?"
        )
    if isinstance(value, When):
        return f"{value!r} is unfinished; write {value!r}.then(policy)"
    if hasattr(value, "makes_policies"):
        return f"{value!r} makes policies; call it: {value!r}(…)"
    if inspect.isroutine(value):
        return f"expected a policy, got the function {value.__name__}; did you forget @policy?"
    return f"expected a policy, got {type(value).__name__}: {value!r:.60}"


class _Operator(Policy):
    """Base class of the policies that combine other policies."""

    @property
    def _parts(self) -> Sequence[Policy]:
        """The operands."""
        raise NotImplementedError

    def _note_depth(self, deepest: int) -> None:
        """Store the depth of this tree, one more than that of its deepest operand.

        Raises:
            PolicyDefinitionError: The operands are nested more than 100 deep.
        """
        if deepest >= _DEEPEST:
            msg = (
                f"policies are nested in one another more than {_DEEPEST} deep; to combine many, "
                "write AllOf(*policies) or AnyOf(*policies)"
            )
            raise PolicyDefinitionError(msg)
        vars(self)[_DEPTH] = deepest + 1

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # The operands first, so that recursion costs one frame for each level: `deepcopy` alone
        # takes about ten, and would exhaust the stack.
        for part in self._parts:
            deepcopy(part, memo)
        made = memo[id(self)] = copy(self)
        vars(made).update(deepcopy(vars(made), memo))
        return made


def _depth(policy: Policy) -> int:
    found: int = vars(policy).get(_DEPTH, 0)
    return found


class _Combination(_Operator):
    """Base class of `AllOf`, `AnyOf` and `AtLeast`.

    Attributes:
        members: The operands, in the order in which they were written.
    """

    members: tuple[Policy, ...]

    def __init__(self, *members: Policy) -> None:
        name = type(self).__name__
        if not members:
            msg = f"{name}() combines nothing: an empty one would admit or refuse everybody"
            raise PolicyDefinitionError(msg)
        self.members = tuple(as_policy(member, name) for member in members)
        self._note_depth(max(map(_depth, self.members)))

    @property
    def _parts(self) -> Sequence[Policy]:
        return self.members

    def _joined(self, sign: str) -> str:
        return sign.join(_enclosed(member) for member in self.members)

    def _compiled(self, builder: Builder, is_negated: bool) -> list[Node]:
        return [member.compile(builder, is_negated) for member in self.members]

    def _shown(self, is_negated: bool) -> Policy:
        return Not(self) if is_negated else self


class AllOf(_Combination):
    """``a & b``: all have to allow; otherwise the hardest outcome to overcome is the result.

    Example:
        >>> HasRole("admin") & Fresh(within=300)
        HasRole('admin') & Fresh(within=300)
    """

    def __new__(cls, *members: Any) -> Self:
        return super().__new__(cls, *_flattened(cls, members))

    def __init__(self, *members: Policy) -> None:
        super().__init__(*_flattened(AllOf, members))

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        node = Disjunction if is_negated else Conjunction
        return node(self._compiled(builder, is_negated), self._shown(is_negated))

    def __repr__(self) -> str:
        return self._joined(" & ") if len(self.members) > 1 else super().__repr__()


class AnyOf(_Combination):
    """``a | b``: one has to allow; otherwise the easiest outcome to overcome is the result.

    Example:
        >>> HasRole("admin") | HasScope("reports:read")
        HasRole('admin') | HasScope('reports:read')
    """

    def __new__(cls, *members: Any) -> Self:
        return super().__new__(cls, *_flattened(cls, members))

    def __init__(self, *members: Policy) -> None:
        super().__init__(*_flattened(AnyOf, members))

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        node = Conjunction if is_negated else Disjunction
        return node(self._compiled(builder, is_negated), self._shown(is_negated))

    def __repr__(self) -> str:
        return self._joined(" | ") if len(self.members) > 1 else super().__repr__()


class AtLeast(_Combination):
    """``AtLeast(k, a, b, c)``: *k* of the policies have to allow.

    Otherwise the outcome is the k-th in order, the easiest to overcome first.

    Attributes:
        count: How many have to allow; from 1 to the number of members.

    Example:
        >>> token = jwt.issue("ada", claims={"roles": ["author", "editor"]})
        >>> two = AtLeast(2, HasRole("author"), HasRole("editor"), HasRole("admin"))
        >>> print(jwt.explain(two, token).outcome)
        ALLOW
    """

    count: int

    def __init__(self, count: int, *members: Policy) -> None:
        super().__init__(*members)
        if type(count) is not int or not 1 <= count <= len(members):
            msg = f"AtLeast takes a number from 1 to {len(members)} first, not {count!r}"
            raise PolicyDefinitionError(msg)
        self.count = count

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        count = len(self.members) - self.count + 1 if is_negated else self.count
        return Threshold(count, self._compiled(builder, is_negated), self._shown(is_negated))


class Not(_Operator):
    """``~a``: allows if *a* refuses, and refuses if *a* allows.

    If *a* cannot be decided, because a claim is missing, for example, that outcome stays, and the
    request is refused. The negation applies to the single policies in *a* (De Morgan).

    Attributes:
        member: The policy that is negated.

    Example:
        >>> token = jwt.issue("ada", claims={"banned": False})
        >>> print(jwt.explain(~ClaimsMatch(banned=True), token).outcome)
        ALLOW
    """

    member: Policy

    def __new__(cls, member: Any) -> Self:
        return super().__new__(cls, member)

    def __init__(self, member: Policy) -> None:
        self.member = as_policy(member, "Not")
        self._note_depth(_depth(self.member))

    @property
    def _parts(self) -> Sequence[Policy]:
        return (self.member,)

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        return self.member.compile(builder, not is_negated)

    def __invert__(self) -> Policy:
        return self.member

    def __repr__(self) -> str:
        if type(self.member) is Not:
            return f"Not({self.member!r})"
        return f"~{_enclosed(self.member)}"


class When:
    """``When(c).then(p)``: if *c* allows a request, *p* has to allow it too; it is ``~c | p``.

    Example:
        >>> When(HasRole("guest")).then(Fresh(within=300))
        When(HasRole('guest')).then(Fresh(within=300))
    """

    def __init__(self, condition: Policy) -> None:
        self.condition = as_policy(condition, "When")

    def then(self, policy: Policy) -> Policy:
        """Return the policy ``~condition | policy``."""
        return Implication(self.condition, policy)

    def __and__(self, other: object) -> NoReturn:
        self._unfinished()

    __rand__ = __or__ = __ror__ = __and__

    def __invert__(self) -> NoReturn:
        self._unfinished()

    def __bool__(self) -> NoReturn:
        self._unfinished()

    def _unfinished(self) -> NoReturn:
        raise PolicyDefinitionError(_complaint(self))

    def __repr__(self) -> str:
        return f"When({self.condition!r})"


class Implication(AnyOf):
    """The policy that ``When(c).then(p)`` makes."""

    def __new__(cls, condition: Any, then: Any) -> Self:
        return super().__new__(cls, condition, then)

    def __init__(self, condition: Policy, then: Policy) -> None:
        _Combination.__init__(self, Not(condition), as_policy(then, "then"))

    def __repr__(self) -> str:
        condition, then = arguments_of(self)[0]
        return f"When({condition!r}).then({then!r})"


#: The library's own operators, compared by exact type: a subclass may have more attributes.
_OPERATORS: Final = frozenset({AllOf, AnyOf, AtLeast, Not})


def combined(kind: type[AllOf | AnyOf | AtLeast], members: Iterable[Policy], *count: int) -> Policy:
    """Return ``kind(*count, *members)``, without checking the members again.

    Levels that the library adds around the application's policies do not count against the limit.
    """
    kept = tuple(_flattened(kind, members))
    # Past `__init__`, which would check and copy what is checked and frozen already.
    made = object.__new__(kind)
    vars(made).update(members=kept, **{_ARGUMENTS: ((*count, *kept), {}), _SEALED: True})
    vars(made).update(zip(("count",), count, strict=False))
    vars(made)[_DEPTH] = max(map(_depth, kept)) + 1
    return made


def _in_a_row(chain: _Combination) -> Policy:
    """Return *chain*, a result of ``&`` or ``|``, if it is not too long.

    Raises:
        PolicyDefinitionError: It has more than 2,000 members.
    """
    if len(chain.members) > _LONGEST:
        name = type(chain).__name__
        msg = f"more than {_LONGEST} policies in a row; write {name}(*policies)"
        raise PolicyDefinitionError(msg)
    return chain


def _flattened(kind: type[_Combination], members: Iterable[Any]) -> list[Any]:
    """Replace members of the same class by their members: ``a & b & c`` is one node."""
    if kind not in (AllOf, AnyOf):
        return list(members)
    flat: list[Any] = []
    for member in members:
        flat += member.members if type(member) is kind else [member]
    return flat


def _enclosed(policy: Policy) -> str:
    is_joined = type(policy) in (AllOf, AnyOf) and len(policy.members) > 1  # type: ignore[attr-defined]
    return f"({policy!r})" if is_joined else repr(policy)
