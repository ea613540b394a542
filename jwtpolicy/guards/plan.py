"""Plans: the compiled policies of one method of one endpoint, made before the first request."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from ..decision import Decision
from ..exceptions import PolicyDefinitionError
from ..policy.base import Policy
from ..policy.baseline import for_kind
from ..policy.claim_policies import IsSubject
from ..policy.closing import Closed, close, joined, leaves, names_foreign
from ..policy.credentials import Access, KnownForeignUser, OwnTokens, Refresh, TokenKind
from ..policy.issued_by import IssuedBy
from ..policy.program import Builder, Conjunction, Program
from ..policy.reaching import Names, accepted_issuers
from ..policy.request import AccessRequest, PolicySettings
from ..policy.resource import Owns, ResourceMatch
from ..tokens.token import Token
from ..transports import Places
from .presentation import PresentationCheck

#: No transports: for public plans, and for plans that are only evaluated.
NOWHERE: Final = Places(())

#: Loads the resource of an endpoint from the variables of its URL; may be async.
Loader = Callable[..., Any]


class CompiledLevels:
    """The levels of an endpoint and the baseline as programs, one for each kind of token.

    Endpoints whose levels are equal share one: nothing in it names an endpoint.

    Args:
        levels: The levels; all of them have to allow.
        baseline: The policy that every presented token has to pass as well, or None.
        label: The method and the endpoint, for the error.

    Attributes:
        closed: The levels, closed and AND-ed.
        kinds: The kinds of token that they accept, in the order in which they are tried.
        anonymous: The program of the levels alone, for requests without a token.
        programs: The programs of the levels and the baseline, by kind of own token.
        foreign: The same for access tokens of other issuers; None where no part names one.
        issuers: The URLs of the other issuers whose tokens the levels may accept.
        about_resource: A leaf that needs a resource, or None.

    Raises:
        PolicyDefinitionError: No request could pass all of the levels.
    """

    __slots__ = (
        "__weakref__",
        "about_resource",
        "anonymous",
        "closed",
        "foreign",
        "issuers",
        "kinds",
        "programs",
    )

    def __init__(self, levels: Sequence[Policy], baseline: Policy | None, label: str = "") -> None:
        self.closed = meeting(levels, label)
        self.kinds = sorted(self.closed.kinds, key=_turn)
        self.about_resource = _about_resource(levels)
        self.anonymous = absence_of(self.closed.policy)
        self.programs = {
            kind: program_of(self.closed.policy, for_kind(baseline, kind), _held_by(kind))
            for kind in self.closed.kinds
        }
        self.foreign = self._foreign(baseline)
        self.issuers = _issuers(self.closed.policy) if self.foreign else frozenset()

    def _foreign(self, baseline: Policy | None) -> Program | None:
        policy = self.closed.policy
        if "access" not in self.closed.kinds or not names_foreign(policy):
            return None
        return program_of(policy, baseline, _IS_ACCESS)


class Plan:
    """The compiled guards of one method of an endpoint.

    Args:
        compiled: The compiled levels; None for a public endpoint, where no credential is read.

    Attributes:
        compiled: The compiled levels, or None for a public endpoint.
        closed: The levels, closed and AND-ed.
        guards: The guards that wrote the levels; one decision answers for all of them.
        loader: The loader of the resource, or None.
        origins: Returns the levels with where they were written; whoever makes the plan sets it.
        has_async_loader: Whether the loader is async.
        has_async_view: Whether the view is async behind a sync guard, as a method of a class may
            be. User and resource are loaded before it runs, because its proxies cannot await.
        programs: The programs of the levels and the baseline, by kind of own token.
        foreign: The same for access tokens of other issuers; None where no part names one.
        anonymous: The program of the levels alone, for requests without a token.
        places: The transports that its tokens are read from.
        checks: The checks of a presented credential, made once the token was verified.
        kinds: The kinds of token that it accepts, in the order in which they are tried.
        is_inner: Whether its guard is not the endpoint's, but around a function that a view or a
            hook calls.
        is_plain: Whether one evaluation decides: no invalid token is overlooked, and nothing is
            loaded for an async view.
        is_public: Whether the endpoint is public: no credential is read.
        label: The method and the endpoint, for logs and errors.
    """

    __slots__ = (
        "anonymous",
        "checks",
        "closed",
        "compiled",
        "foreign",
        "guards",
        "has_async_loader",
        "has_async_view",
        "is_inner",
        "is_plain",
        "is_public",
        "kinds",
        "label",
        "loader",
        "places",
        "programs",
    )

    def __init__(
        self,
        compiled: CompiledLevels | None,
        *,
        guards: Iterable[object] = (),
        loader: Loader | None = None,
        label: str = "",
        places: Places = NOWHERE,
        checks: Sequence[PresentationCheck] = (),
        has_async_view: bool = False,
    ) -> None:
        self.compiled = compiled
        self.label = label
        self.places = places
        self.checks = tuple(checks)
        self.guards = frozenset(guards)
        self.loader = loader
        self.has_async_view = has_async_view
        self.has_async_loader = inspect.iscoroutinefunction(loader)
        self.is_public = compiled is None
        self.is_inner = False
        if compiled is not None:
            # Copied, because every request reads them, and each indirection costs it time.
            self.closed = compiled.closed
            self.kinds = compiled.kinds
            self.anonymous = compiled.anonymous
            self.programs = compiled.programs
            self.foreign = compiled.foreign
            self.is_plain = not (self.closed.ignores_invalid or has_async_view)

    def program_for(self, token: Token | None) -> Program | None:
        """Return the program that judges *token*; None where none accepts its kind or issuer."""
        if token is None:
            return self.anonymous
        return self.programs.get(token.kind) if token.is_own else self.foreign

    def absence(self) -> Decision:
        """Return the decision about a request without a token.

        Used where every branch of the policy needs a token, so that the request does not matter.
        """
        run = self.anonymous.run(AccessRequest())
        return self.anonymous.root.compose(run)


def _issuers(closed: Policy) -> Names:
    """Return the other issuers that some leaf names and whose tokens *closed* may accept."""
    named = [leaf.names for leaf in leaves(closed) if isinstance(leaf, IssuedBy)]
    return accepted_issuers(closed, frozenset[str]().union(*named))


def _turn(kind: str) -> tuple[bool, str]:
    return kind != "access", kind


def meeting(levels: Sequence[Policy], label: str) -> Closed:
    """Return the levels AND-ed, as one closed policy.

    Raises:
        PolicyDefinitionError: No request could pass all of the levels.
    """
    closed = close(levels)
    if closed.accepts_nothing:
        listed = "\n".join(f"  {level!r}  accepts {_accepted(level)}" for level in levels)
        msg = (
            f"{label or 'these policies'}: no token can pass\n{listed}\n"
            "A level that names no kind of token means access tokens; over a refresh view write "
            "`Refresh() & …` in it, over an optional one `OptionalToken() & …`."
        )
        raise PolicyDefinitionError(msg)
    return closed


def check_loader(levels: Iterable[Policy], label: str) -> None:
    """Refuse levels that need a resource, for a guard without a loader.

    Raises:
        PolicyDefinitionError: A level uses `Owns` or `ResourceMatch`.
    """
    if (leaf := _about_resource(levels)) is not None:
        raise without_loader(leaf, label)


def without_loader(leaf: Policy, label: str) -> PolicyDefinitionError:
    """Return the error of a *leaf* that needs a resource, where the guard has no loader."""
    msg = f"{label}: {leaf!r} needs a resource; define load_resource or pass resource="
    return PolicyDefinitionError(msg)


def _about_resource(levels: Iterable[Policy]) -> Policy | None:
    found = (leaf for level in levels for leaf in leaves(level))
    return next((leaf for leaf in found if isinstance(leaf, ResourceMatch)), None)


def check_types(policies: Iterable[Policy], terms: PolicySettings, label: str) -> None:
    """Refuse policies about users of a type that no schema describes.

    Raises:
        PolicyDefinitionError: ``of=`` of a leaf names a type without a claim schema.
    """
    for leaf in (leaf for policy in policies for leaf in leaves(policy)):
        if isinstance(leaf, IsSubject | Owns) and terms.prefix_of(leaf.of) is None:
            name = getattr(leaf.of, "__name__", None)
            msg = f"{label}: {leaf!r}, but no schema describes {name}: @jwt.claims_for({name})"
            raise PolicyDefinitionError(msg)


def _accepted(level: Policy) -> str:
    closed = close([level])
    kinds = sorted(closed.kinds) + (["no token"] if closed.is_open else [])
    return " or ".join(kinds) or "nothing"


#: Tokens of other issuers are access tokens, or they are refused.
_IS_ACCESS: Final = frozenset({TokenKind("access").identity, Access().identity})


def _held_by(kind: str) -> frozenset[object]:
    """Return the identities of leaves that are true of every own token of *kind*.

    Closing adds them to every level; the program leaves them out, because only own tokens of
    *kind* reach it.
    """
    leaves_ = [TokenKind(kind), OwnTokens(), KnownForeignUser()]
    leaves_ += [Access()] if kind == "access" else [Refresh()] if kind == "refresh" else []
    return frozenset(leaf.identity for leaf in leaves_)


def absence_of(policy: Policy) -> Program:
    """Return *policy*, the closed levels, as a program for requests without a token."""
    builder = Builder(judges_absence=True)
    return Program(policy.compile(builder, False), builder)


def program_of(policy: Policy, baseline: Policy | None, held: Collection[object] = ()) -> Program:
    """Return *policy* AND *baseline* as one program, whose ``baseline`` can be evaluated alone.

    Args:
        policy: The closed levels.
        baseline: The baseline for the kind of token, or None.
        held: The identities of leaves that are true of every token that the program evaluates.
    """
    builder = Builder(held)
    root = policy.compile(builder, False)
    if baseline is None:
        return Program(root, builder)
    base = baseline.compile(builder, False)
    return Program(Conjunction([root, base], joined([policy, baseline])), builder, base)
