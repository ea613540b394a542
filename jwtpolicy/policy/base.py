"""Define what a policy is, and the algebra that combines them."""

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

from ..decision import ALLOWED, Decision, Finding, Outcome
from ..exceptions import (
    MissingClaimError,
    PolicyDefinitionError,
    PolicyError,
    StoreUnavailableError,
    UnknownUserError,
)
from .arguments import Alone, Comparable, copied, identity_of, source_of
from .program import CPU, Builder, Conjunction, Disjunction, Node, Program, Threshold
from .request import AccessRequest, UserPending
from .signatures import signature_of

logger = logging.getLogger("jwtpolicy")

Error = TypeVar("Error", bound=Exception)

#: What the names of the library's own modules begin with.
_LIBRARY = f"{__package__}."

#: Why a request is refused that came without a token.
NO_TOKEN_SENT = "no token was sent"  # noqa: S105 # words
_NO_TOKEN = Finding(Outcome.NO_TOKEN, NO_TOKEN_SENT)
#: Where a policy keeps what the library knows of it: no attribute of a subclass is called so.
_ARGUMENTS, _DEPTH, _IDENTITY, _PROGRAM, _SEALED = _OURS = (
    "jwtpolicy.arguments",
    "jwtpolicy.depth",
    "jwtpolicy.identity",
    "jwtpolicy.program",
    "jwtpolicy.sealed",
)
#: So many levels of policies lie in one another at the most: deeper trees would exhaust Python's
#: stack where they are printed, compared or copied.
_DEEPEST: Final = 100
#: So many policies stand in a row of ``&`` or ``|`` at the most: each sign copies what is there.
_LONGEST: Final = 2_000
_IDENTITY_IS_TAKEN = "policies are told apart by `identity`; call your attribute something else"


def without_token(access: AccessRequest) -> Finding:
    """Return what every leaf that needs a verified token says where there is none."""
    error = access.credential_error
    return _NO_TOKEN if error is None else Finding(error.outcome, error.reason, error=error)


def without_frames(error: Error) -> Error:
    """Return *error* without its traceback, to be kept in a finding.

    The frames of a traceback lead to whatever keeps the finding: such a circle would hold the
    whole request until the garbage is collected. What it was caused by keeps its own.
    """
    return error.with_traceback(None)


def without_user(error: HTTPException) -> Finding:
    """Return what is said where the token's user could not be loaded."""
    error = without_frames(error)
    if isinstance(error, UnknownUserError):
        return Finding(Outcome.INVALID_TOKEN, error.reason, error=error)
    # An application's loader may answer for itself: its own error passes through.
    return Finding(Outcome.ERROR, "the user could not be loaded", error=error)


def broken(policy: object, why: str, error: Exception | None = None) -> Finding:
    """Log that the application's predicate is wrong, and return the refusal."""
    reason = f"the policy {policy!r} {why}"
    logger.error("%s; the request was refused", reason, exc_info=error)  # it is
    return Finding(Outcome.ERROR, reason, error=PolicyError(reason))


class Policy(Comparable):
    """A rule about who may do something: frozen, hashable, stateless.

    Combine policies with ``&``, ``|`` and ``~``. Its ``repr`` is its source text. They nest 100
    levels deep at the most; ``AllOf(*policies)`` combines many in one level.

    To write one with parameters, subclass it and define `decide`; for one without,
    `jwtpolicy.policy` on a function is shorter.

    Two policies are equal where they are proved to be one, because of equal ones in a tree only
    the first is asked: they are of the same class, and every attribute that ``__init__`` has set
    is the same object, or an equal and immutable plain value (text, numbers, UUIDs, tuples and
    frozensets of them, other policies). So a policy that keeps a list equals itself alone.

    Attributes:
        needs_token: Whether `decide` is called only for a verified token. Without one the answer
            is then ``NO_TOKEN``.
        cost: ``0`` for arithmetic on claims, ``1`` for code, ``2`` for a round trip. Cheap ones
            are asked first.
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
        """Take nothing; subclasses say what they take."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "identity" in vars(cls):
            raise PolicyDefinitionError(_IDENTITY_IS_TAKEN)
        if (init := cls.__dict__.get("__init__")) is not None:
            cls.__init__ = _sealing(init)  # type: ignore[method-assign]
        # Slots, and what a class inherits from `set`, are not among `vars`.
        cls._has_hidden_state = cls.__basicsize__ != Policy.__basicsize__ or any(
            isinstance(found, cached_property)
            for base in cls.__mro__
            for found in vars(base).values()
        )

    @property
    def identity(self) -> object:
        """What is equal where two policies are proved to be one; hashable."""
        known = vars(self)
        if _IDENTITY not in known:
            is_plain = _SEALED in known and not self._has_hidden_state
            known[_IDENTITY] = _identity(self) if is_plain else None
        # None: asked while it is made, or made by an `__init__` whose end nobody sees, such as a
        # dataclass's. The holder is not kept, because a copy of the policy would keep it, too.
        found = known[_IDENTITY]
        return Alone(self) if found is None else found

    def decide(self, access: AccessRequest) -> Any:
        """Return ``True``, ``False``, an `Outcome` or ``access.deny("reason")``; may be async.

        Anything else, ``None`` too, and any exception is an error of the application: the
        request is refused with 500 and logged. Reading an absent claim through
        ``access.token.claims`` is ``MISSING_CLAIM``.
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
        # What runs counts: an application's own `judge` may say anything, and a `needs_token` that
        # is looked up may be another one next time.
        judge = getattr(self.judge, "__func__", None)
        is_ours = getattr(judge, "__globals__", {}).get("__name__", "").startswith(_LIBRARY)
        return is_ours and inspect.getattr_static(self, "needs_token") is True

    @property
    def needs(self) -> frozenset[str]:
        return frozenset()

    def judge(self, access: AccessRequest) -> Finding:
        """Return what this leaf says, running an async `decide` to its end."""
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
        """Return what this leaf says, awaiting its `decide`."""
        if self.needs_token and access.token is None:
            return without_token(access)
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
        if access.touched and not access.has_resource:
            return Finding(Outcome.PENDING, "waits for the resource")
        if answer is True:
            return ALLOWED
        if answer is False:
            return Finding(Outcome.FORBIDDEN, "it said no")
        if isinstance(answer, Outcome) and answer is not Outcome.PENDING:
            return ALLOWED if answer is Outcome.ALLOW else Finding(answer, f"it said {answer}")
        if isinstance(answer, Finding):
            return answer
        return self._no_answer(answer)

    def _no_answer(self, answer: object) -> Finding:
        if inspect.iscoroutine(answer):
            answer.close()
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
        return broken(self, f"raised {type(error).__name__}", error)

    def compile(self, builder: Builder, is_negated: bool) -> Node:
        """Return this policy, or its negation, as a node of a program."""
        return builder.literal(self, is_negated, Not(self) if is_negated else self)

    @property
    def program(self) -> Program:
        """The policy made ready to be asked, once."""
        program: Program | None = vars(self).get(_PROGRAM)
        if program is None:
            builder = Builder()
            root = self.compile(builder, False)
            program = vars(self)[_PROGRAM] = Program(root, builder)
        return program

    def evaluate(self, access: AccessRequest) -> Decision:
        """Return the decision of the bare tree: no baseline, no closing, nothing consumed.

        Args:
            access: The request to judge; without changing it.
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
            return how  # Another base of its class knows how, such as a set; or it has slots.
        # Without the arguments that some `__new__` demand, because the state has them.
        return (_blank, (type(self),), _without_derived(how[2]))

    def __repr__(self) -> str:
        return source_of(type(self).__name__, *arguments_of(self))


def _blank(kind: type[Policy]) -> Policy:
    """Return a policy of *kind* to which a copy's or a pickle's state is given."""
    return object.__new__(kind)


def _without_derived(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a policy without what is found again when it is asked for."""
    derived = {_PROGRAM} if state.get(_IDENTITY) is None else {_PROGRAM, _IDENTITY}
    return {name: value for name, value in state.items() if name not in derived}


def arguments_of(policy: Policy) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what *policy* was made with, as it was then."""
    found: tuple[tuple[Any, ...], dict[str, Any]] = vars(policy)[_ARGUMENTS]
    return found


def _seal(policy: Policy) -> None:
    """End the making: nothing changes from now on, so that it can be told what it is."""
    # Operators when they are asked: most are only a part of the next one.
    if type(policy) not in _OPERATORS and not policy._has_hidden_state:
        vars(policy).setdefault(_IDENTITY, _identity(policy))
    vars(policy)[_SEALED] = True


def _identity(policy: Policy) -> object:
    """Return the class of *policy* and its attributes, ordered by name."""
    state = sorted(item for item in vars(policy).items() if item[0] not in _OURS)
    return (type(policy), *(part for name, value in state for part in (name, identity_of(value))))


def _sealing(init: Any) -> Any:
    """Return *init*, after which the outermost class's objects cannot be changed."""

    @wraps(init)
    def sealing(self: Policy, /, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            # Without a frame of its own nothing of it has run: the arguments do not fit.
            if error.__traceback__ is None or error.__traceback__.tb_next is None:
                raise PolicyDefinitionError(_misfit(self, init)) from None
            raise
        if type(self).__init__ is sealing:
            _seal(self)

    return sealing


Policy.__init__ = _sealing(Policy.__init__)  # type: ignore[method-assign]


def _misfit(policy: Policy, init: Any) -> str:
    """Return what *policy* was made with, and what it takes."""
    name = type(policy).__name__
    made = source_of(name, *arguments_of(policy))
    _, *taken = signature_of(init).parameters.values()
    shown = ", ".join(_shown(parameter) for parameter in taken)
    return f"{made} does not fit; write {name}({shown})"


def _shown(parameter: inspect.Parameter) -> str:
    """Return how a parameter is written in a call."""
    if parameter.kind is parameter.KEYWORD_ONLY:
        return f"{parameter.name}=…"
    return str(parameter).partition("=")[0]


def as_policy(value: object, where: str) -> Policy:
    """Return *value* if it is a policy that can be combined.

    Args:
        value: What was written where a policy belongs.
        where: The place, for the message.

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
    """A policy that is made of other policies."""

    @property
    def _parts(self) -> Sequence[Policy]:
        """The policies that it is made of."""
        raise NotImplementedError

    def _note_depth(self, deepest: int) -> None:
        """Note how many levels lie beneath this one.

        Raises:
            PolicyDefinitionError: They are more than may be nested in one another.
        """
        if deepest >= _DEEPEST:
            msg = (
                f"policies are nested in one another more than {_DEEPEST} deep; to combine many, "
                "write AllOf(*policies) or AnyOf(*policies)"
            )
            raise PolicyDefinitionError(msg)
        vars(self)[_DEPTH] = deepest + 1

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # The parts first, so that only they nest: Python's own way would take ten frames for each
        # level, and exhaust its stack.
        for part in self._parts:
            deepcopy(part, memo)
        made = memo[id(self)] = copy(self)
        vars(made).update(deepcopy(vars(made), memo))
        return made


def _depth(policy: Policy) -> int:
    found: int = vars(policy).get(_DEPTH, 0)
    return found


class _Combination(_Operator):
    """A policy of several members.

    Attributes:
        members: The policies it combines.
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
    """``a & b``: the hardest of the outcomes, so all have to allow."""

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
    """``a | b``: the easiest of the outcomes, so one has to allow."""

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
    """``AtLeast(2, a, b, c)``: the k-th smallest outcome, so k of them have to allow.

    Attributes:
        count: How many have to allow; from 1 to the number of members.
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
    """``~a``: goes down to the leaves, where what was undetermined stays itself.

    Attributes:
        member: The policy that is negated.
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
    """``When(c).then(p)``: where *c* holds, *p* has to; it means ``~c | p``."""

    def __init__(self, condition: Policy) -> None:
        self.condition = as_policy(condition, "When")

    def then(self, policy: Policy) -> Policy:
        """Return the finished policy."""
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


#: Those of the library, of which nobody has made a class of his own.
_OPERATORS: Final = frozenset({AllOf, AnyOf, AtLeast, Not})


def combined(kind: type[AllOf | AnyOf | AtLeast], members: Iterable[Policy], *count: int) -> Policy:
    """Return ``kind(*count, *members)``, of members that were checked when they were written.

    The library adds levels of its own around them, which count for nobody's depth.
    """
    kept = tuple(_flattened(kind, members))
    made = object.__new__(kind)
    vars(made).update(members=kept, **{_ARGUMENTS: ((*count, *kept), {}), _SEALED: True})
    vars(made).update(zip(("count",), count, strict=False))
    vars(made)[_DEPTH] = max(map(_depth, kept)) + 1
    return made


def _in_a_row(chain: _Combination) -> Policy:
    """Return *chain*, which one more ``&`` or ``|`` has made.

    Raises:
        PolicyDefinitionError: It has more members than signs may make.
    """
    if len(chain.members) > _LONGEST:
        name = type(chain).__name__
        msg = f"more than {_LONGEST} policies in a row; write {name}(*policies)"
        raise PolicyDefinitionError(msg)
    return chain


def _flattened(kind: type[_Combination], members: Iterable[Any]) -> list[Any]:
    """Take members of the same kind apart: ``a & b & c`` is one node."""
    if kind not in (AllOf, AnyOf):
        return list(members)
    flat: list[Any] = []
    for member in members:
        flat += member.members if type(member) is kind else [member]
    return flat


def _enclosed(policy: Policy) -> str:
    is_joined = type(policy) in (AllOf, AnyOf) and len(policy.members) > 1  # type: ignore[attr-defined]
    return f"({policy!r})" if is_joined else repr(policy)
