"""Report issuers that one level of an endpoint names and another does not: their tokens never pass.

In debug mode, at start. It is no error: an endpoint of a blueprint may be for own tokens alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from ..guards.origins import LevelOrigin
from ..policy.closing import close
from ..policy.reaching import Names, accepted_issuers
from ..policy.request import PolicySettings

logger = logging.getLogger("jwtpolicy")

#: An issuer, a level that names it, and one that does not.
Unnamed = tuple[str, LevelOrigin, LevelOrigin]


def warn_of_unnamed(
    endpoints: Iterable[tuple[str, Iterable[LevelOrigin]]], terms: PolicySettings
) -> None:
    """Log each issuer whose tokens one level lets in and another one never does, each pair once.

    Args:
        endpoints: The method and endpoint, as people read them, and the levels.
        terms: The issuers that are trusted.
    """
    is_only = len(terms.issuers) == 1 and not terms.has_keys
    if not terms.others or (is_only and terms.resolver is None):
        # Of nobody, or of the only one, whose tokens count as own.
        return
    told = set()
    for label, levels in endpoints:
        for issuer, naming, other in _unnamed([*levels], terms.others):
            pair = (issuer, str(naming), str(other))
            if pair not in told:
                told.add(pair)
                logger.warning(
                    "%s: tokens of %s never pass: they pass %s, and do not pass %s, which does "
                    "not name their issuer with IssuedBy(…)",
                    label,
                    *pair,
                )


def _unnamed(levels: list[LevelOrigin], everybody: Names) -> Iterator[Unnamed]:
    accepted = [accepted_issuers(close([level.policy]).policy, everybody) for level in levels]
    for issuer in sorted(everybody, key=str):
        naming = [level for level, names in zip(levels, accepted, strict=True) if issuer in names]
        others = [level for level in levels if level not in naming]
        if naming and others:
            yield str(issuer), naming[0], others[0]
