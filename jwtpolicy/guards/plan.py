"""Decide before the first request what each endpoint demands."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from ..decision import Decision
from ..exceptions import PolicyDefinitionError
from ..policy.base import AllOf, Policy, combined
from ..policy.baseline import for_kind
from ..policy.claim_policies import IsSubject
from ..policy.closing import Closed, close, leaves
from ..policy.credentials import Access, OwnTokens, Refresh, TokenKind
from ..policy.program import Builder, Conjunction, Program
from ..policy.request import AccessRequest, PolicySettings
from ..policy.resource import Owns, ResourceMatch
from ..transports import Places
from .presentation import PresentationCheck

#: For plans that are made to be judged, not to be met by requests.
NOWHERE: Final = Places(())

#: Loads what an endpoint is about from the URL's variables; may be async.
Loader = Callable[..., Any]


class CompiledLevels:
    """The levels of an endpoint and the baseline as programs, one for each kind of token.

    Endpoints whose levels are equal share one: nothing in it says whose it is.

    Args:
        levels: The levels; all of them have to allow.
        baseline: What every presented token has to pass as well, or None.
        label: Whose levels they are, for the error.

    Attributes:
        closed: The levels, closed and AND-ed.
        kinds: The kinds that they accept, in the order in which they are tried.
        anonymous: The levels alone, for callers without a token.
        programs: The levels and the baseline, by kind of own token.
        about_resource: A leaf that asks about a resource, or None.

    Raises:
        PolicyDefinitionError: No request could pass all of them.
    """

    __slots__ = ("__weakref__", "about_resource", "anonymous", "closed", "kinds", "programs")

    def __init__(self, levels: Sequence[Policy], baseline: Policy | None, label: str = "") -> None:
        self.closed = meeting(levels, label)
        self.kinds = sorted(self.closed.kinds, key=_turn)
        self.about_resource = _about_resource(levels)
        self.anonymous = absence_of(self.closed.policy)
        self.programs = {
            kind: program_of(self.closed.policy, for_kind(baseline, kind), _held_by(kind))
            for kind in self.closed.kinds
        }


class Plan:
    """The demand of an endpoint for one method, decided before the first request.

    Args:
        compiled: Its levels; None where nothing is demanded, and no credential read.

    Attributes:
        compiled: As above.
        closed: The levels, closed and AND-ed.
        guards: Whose levels they are; one decision answers for all of them.
        loader: How to load the resource, or None.
        has_async_loader: Whether it has to be awaited.
        has_async_view: Whether the view behind a guard that awaits nothing does: a method of a
            class. What it could not wait for is loaded before.
        programs: The levels and the baseline, by kind of own token.
        anonymous: The levels alone, for callers without a token.
        places: Where its tokens may stand.
        checks: What judges a token as it was presented, once it was verified.
        kinds: The kinds that it accepts, in the order in which they are tried.
        is_inner: Whether it is of a guard that is not the endpoint's, around a function that a view
            or a hook calls.
        is_plain: Whether one look at the tree decides: no token has to be overlooked first, and
            nothing loaded for the view.
        is_public: Whether nothing is demanded, and no credential read.
        label: The endpoint and method, for people.
    """

    __slots__ = (
        "anonymous",
        "checks",
        "closed",
        "compiled",
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
            # Once more, because a request reads them all, and each look through another object
            # takes it time.
            self.closed = compiled.closed
            self.kinds = compiled.kinds
            self.anonymous = compiled.anonymous
            self.programs = compiled.programs
            self.is_plain = not (self.closed.ignores_invalid or has_async_view)

    def absence(self) -> Decision:
        """Return the decision about a request without a token, where nothing else counts."""
        run = self.anonymous.run(AccessRequest())
        return self.anonymous.root.compose(run)


def _turn(kind: str) -> tuple[bool, str]:
    return kind != "access", kind


def meeting(levels: Sequence[Policy], label: str) -> Closed:
    """Return the levels as one closed tree.

    Raises:
        PolicyDefinitionError: No request could pass all of them.
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
    """Refuse levels that ask about a resource which nobody loads.

    Raises:
        PolicyDefinitionError: A level uses `Owns` or `ResourceMatch`.
    """
    if (leaf := _about_resource(levels)) is not None:
        raise without_loader(leaf, label)


def without_loader(leaf: Policy, label: str) -> PolicyDefinitionError:
    """Return the error of a *leaf* about a resource that nobody loads."""
    msg = f"{label}: {leaf!r} needs a resource; define load_resource or pass resource="
    return PolicyDefinitionError(msg)


def _about_resource(levels: Iterable[Policy]) -> Policy | None:
    found = (leaf for level in levels for leaf in leaves(level))
    return next((leaf for leaf in found if isinstance(leaf, ResourceMatch)), None)


def check_types(policies: Iterable[Policy], terms: PolicySettings, label: str) -> None:
    """Refuse policies about users of a type that no schema describes.

    Raises:
        PolicyDefinitionError: ``of=`` of a leaf names one.
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


def _held_by(kind: str) -> frozenset[object]:
    """Return the leaves that hold for every own token of *kind*; closing adds them everywhere."""
    leaves_ = [TokenKind(kind), OwnTokens()]
    leaves_ += [Access()] if kind == "access" else [Refresh()] if kind == "refresh" else []
    return frozenset(leaf.identity for leaf in leaves_)


def absence_of(policy: Policy) -> Program:
    """Return *policy*, the closed levels, as a program for requests without a token."""
    builder = Builder(judges_absence=True)
    return Program(policy.compile(builder, False), builder)


def program_of(policy: Policy, baseline: Policy | None, held: Collection[object] = ()) -> Program:
    """Return *policy* and the *baseline* as one program that knows them apart.

    Args:
        policy: The closed levels.
        baseline: What is asked beside them, or None.
        held: The identities of leaves that hold for every token that the program will judge.
    """
    builder = Builder(held)
    root = policy.compile(builder, False)
    if baseline is None:
        return Program(root, builder)
    base = baseline.compile(builder, False)
    return Program(Conjunction([root, base], combined(AllOf, [policy, baseline])), builder, base)
