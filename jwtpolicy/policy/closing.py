"""Close a level: say which tokens it accepts where its author did not.

A part that names no kind of token gets ``& Access()``, and a part that names no issuer gets
``& OwnTokens()``. So no negation and no condition lets in a token that nobody thought of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Final, NamedTuple, cast

from ..decision import WRITTEN, written
from .base import AllOf, AnyOf, AtLeast, Not, Policy, combined
from .credentials import Access, Anonymous, OwnTokens, TokenKind
from .freshness import Fresh
from .issued_by import IssuedBy

#: What stands for "no token" among the kinds that a tree accepts.
NO_TOKEN_KIND: Final = ""


class Closed(NamedTuple):
    """A level, or several AND-ed, that says of every token whether it accepts it.

    Attributes:
        policy: The closed tree.
        kinds: The kinds of token that some part of it accepts.
        is_open: Whether a positive ``Anonymous`` accepts callers without a token.
        ignores_invalid: Whether one of those overlooks tokens that cannot be used.
    """

    policy: Policy
    kinds: frozenset[str]
    is_open: bool
    ignores_invalid: bool

    @property
    def accepts_nothing(self) -> bool:
        """Whether no request can ever pass."""
        return not self.kinds and not self.is_open


def _added(policy: Policy) -> Policy:
    vars(policy)[WRITTEN] = None
    return policy


#: What closing adds to a part that does not name the kind of its token, or its issuer.
_ACCESS: Final = _added(Access())
_OWN_TOKENS: Final = _added(OwnTokens())


def close(levels: Iterable[Policy]) -> Closed:
    """Return *levels*, each closed by itself, as one tree."""
    closed = [_closed_level(level) for level in levels]
    accepted = frozenset.intersection(*(_accepted(level) or frozenset() for level in closed))
    is_open = NO_TOKEN_KIND in accepted
    return Closed(
        joined(closed) if len(closed) > 1 else closed[0],
        accepted - {NO_TOKEN_KIND},
        is_open,
        is_open and any(map(_ignores_invalid, closed)),
    )


def joined(closed: Iterable[Policy]) -> Policy:
    """Return the AND of closed policies; it knows what their authors wrote."""
    parts = list(closed)
    return _noted(combined(AllOf, parts), combined(AllOf, map(_as_written, parts)))


def closed_by_issuer(policy: Policy) -> Policy:
    """Return *policy*, whose parts that name no issuer accept own tokens alone.

    Where no guard asks it, as inside of a view, the kind of token is settled, but not whether its
    author has thought of tokens of others.
    """
    bare = normal(policy)
    closed = _closed(bare, _names_issuer, _OWN_TOKENS)
    return closed if closed is bare else _noted(closed, policy)


def _closed_level(level: Policy) -> Policy:
    bare = normal(level)
    closed = _closed(_closed(bare, _names_kind, _ACCESS), _names_issuer, _OWN_TOKENS)
    # Not where nothing was added: it may be an object of the author's, which is not to be changed.
    return closed if closed is bare else _noted(closed, level)


def _noted(closed: Policy, part: Policy | None) -> Policy:
    """Return *closed*, which was just made, with a note of what its author wrote."""
    vars(closed)[WRITTEN] = part
    return closed


def _as_written(part: Policy) -> Policy:
    # Never None: whoever asks has a part that somebody wrote some of.
    return cast(Policy, written(part))


def normal(policy: Policy, is_negated: bool = False) -> Policy:
    """Return *policy* in negation normal form: ``~`` stands before leaves only."""
    if isinstance(policy, Not):
        return normal(policy.member, not is_negated)
    if isinstance(policy, AllOf | AnyOf):
        is_all = isinstance(policy, AllOf) is not is_negated
        return combined(AllOf if is_all else AnyOf, [normal(m, is_negated) for m in policy.members])
    if isinstance(policy, AtLeast):
        count = len(policy.members) - policy.count + 1 if is_negated else policy.count
        return combined(AtLeast, [normal(m, is_negated) for m in policy.members], count)
    leaf = _unnoted(policy)
    return Not(leaf) if is_negated else leaf


def _unnoted(leaf: Policy) -> Policy:
    """Return *leaf* as its author's: it may come out of the decision of a closed policy."""
    if WRITTEN not in vars(leaf):
        return leaf
    found = copy(leaf)
    del vars(found)[WRITTEN]
    return found


def _closed(part: Policy, names: Callable[[Policy], bool], missing: Policy) -> Policy:
    """Return *part*, in normal form, so that each way through it names what it accepts."""
    made = _with_missing(part, names, missing)
    return part if made is part else _noted(made, _as_written(part))


def _with_missing(part: Policy, names: Callable[[Policy], bool], missing: Policy) -> Policy:
    if isinstance(part, AnyOf):
        return combined(AnyOf, [_closed(member, names, missing) for member in part.members])
    if isinstance(part, AtLeast):
        members = [_closed(member, names, missing) for member in part.members]
        return combined(AtLeast, members, part.count)
    if not _any_leaf(part, names):
        return combined(AllOf, [part, missing])
    if isinstance(part, AllOf):
        members = [_closed(m, names, missing) if _any_leaf(m, names) else m for m in part.members]
        return combined(AllOf, members)
    return part


def _any_leaf(part: Policy, names: Callable[[Policy], bool]) -> bool:
    if isinstance(part, AllOf | AnyOf | AtLeast):
        return any(_any_leaf(member, names) for member in part.members)
    return names(part)


def _names_kind(leaf: Policy) -> bool:
    return isinstance(leaf, TokenKind | Anonymous) or _is_fresh(leaf)


def _is_fresh(leaf: Policy) -> bool:
    """Fresh and its negation both judge access tokens alone."""
    return isinstance(leaf.member if isinstance(leaf, Not) else leaf, Fresh)


def _names_issuer(leaf: Policy) -> bool:
    # Not a negated one: that another issuer is excluded lets nobody in.
    return isinstance(leaf, Anonymous | IssuedBy | OwnTokens)


def names_foreign(part: Policy) -> bool:
    """Whether *part* lets in tokens of another issuer: whether some part of it names one."""
    return any(isinstance(leaf, IssuedBy) and leaf.others for leaf in positive_leaves(part))


def _accepted(part: Policy) -> frozenset[str] | None:
    """Return the kinds that *part* accepts, or None where it names none."""
    if isinstance(part, AnyOf | AtLeast):
        named = [kinds for m in part.members if (kinds := _accepted(m)) is not None]
        return frozenset[str]().union(*named) if named else None
    if isinstance(part, AllOf):
        named = [kinds for m in part.members if (kinds := _accepted(m)) is not None]
        return frozenset.intersection(*named) if named else None
    if isinstance(part, TokenKind):
        return frozenset({part.kind})
    if isinstance(part, Anonymous):
        return frozenset({NO_TOKEN_KIND})
    return frozenset({"access"}) if _is_fresh(part) else None


def leaves(part: Policy) -> Iterator[Policy]:
    """Yield the leaves of *part* without the ``~`` before them, for whoever asks what is needed.

    A negated leaf needs the store, the resource or the user as much as another one. Whoever asks
    what a leaf lets in asks `positive_leaves`.
    """
    if isinstance(part, AllOf | AnyOf | AtLeast):
        for member in part.members:
            yield from leaves(member)
    elif isinstance(part, Not):
        yield from leaves(part.member)
    else:
        yield part


def positive_leaves(part: Policy) -> Iterator[Policy]:
    """Yield the leaves of *part* that can let somebody in: those without a ``~`` before them."""
    yield from _positive(normal(part))


def _positive(part: Policy) -> Iterator[Policy]:
    if isinstance(part, AllOf | AnyOf | AtLeast):
        for member in part.members:
            yield from _positive(member)
    elif not isinstance(part, Not):
        yield part


def demands(part: Policy, leaf_type: type[Policy]) -> bool:
    """Whether nobody passes *part* whom no leaf of *leaf_type* allows."""
    return _demanded(normal(part), leaf_type)


def _demanded(part: Policy, leaf_type: type[Policy]) -> bool:
    if isinstance(part, AllOf):
        return any(_demanded(member, leaf_type) for member in part.members)
    if isinstance(part, AnyOf | AtLeast):
        return all(_demanded(member, leaf_type) for member in part.members)
    return isinstance(part, leaf_type)


def _ignores_invalid(level: Policy) -> bool:
    found = positive_leaves(level)
    return any(isinstance(leaf, Anonymous) and leaf.ignore_invalid for leaf in found)
