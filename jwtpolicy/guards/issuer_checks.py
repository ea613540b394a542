"""Check what policies say about issuers: that they are trusted, and their users are kept apart."""

from __future__ import annotations

from collections.abc import Iterable

from ..exceptions import PolicyDefinitionError
from ..issuers.issuer import Issuer
from ..issuers.resolver import IssuerResolver
from ..markers import OWN, Own
from ..policy.base import AllOf, Policy, combined
from ..policy.claim_policies import ClaimsMatch, Matching
from ..policy.closing import closed_by_issuer, leaves, normal
from ..policy.credentials import KnownUser, SingleUse
from ..policy.issued_by import IssuedBy
from ..policy.matchers import claim
from ..policy.reaching import Names, leaves_reached
from ..policy.request import PolicySettings
from ..policy.resource import ResourceMatch
from ..tokens.token import Token


def check_issuers(policies: Iterable[Policy], terms: PolicySettings, label: str) -> None:
    """Refuse policies about issuers that are not trusted, which would let nobody in.

    Raises:
        PolicyDefinitionError: `IssuedBy` names an issuer that is not trusted, or the application
            itself by its URL.
    """
    for leaf in (leaf for policy in policies for leaf in leaves(policy)):
        if isinstance(leaf, IssuedBy):
            _check_names(leaf, terms, label)


def policy_for(policy: Policy, token: Token | None, terms: PolicySettings, label: str) -> Policy:
    """Return the policy that judges *token* where no guard has closed it.

    Args:
        policy: The policy, given to ``enforce`` or ``explain``.
        token: The token. One of another issuer passes only parts that name its issuer.
        terms: The issuers that are trusted, and whether there are own tokens.
        label: Who asks, for the error.

    Raises:
        PolicyDefinitionError: As `check_issuers`, `check_subjects` and `check_needs` do.
    """
    if is_about_own(policy, token):
        return policy
    closed = checked_and_closed(policy, terms, label)
    return policy if token is None or token.is_own else closed


def is_about_own(policy: Policy, token: Token | None) -> bool:
    """Whether nothing about issuers is to be checked: *token* is own, and *policy* names nobody.

    The walk over the leaves is all that such a question costs.
    """
    is_signed_here = token is None or token._origin is None
    return is_signed_here and not any(isinstance(leaf, IssuedBy) for leaf in leaves(policy))


def checked_and_closed(policy: Policy, terms: PolicySettings, label: str) -> Policy:
    """Return *policy*, checked, so that its parts that name no issuer accept own tokens alone.

    Raises:
        PolicyDefinitionError: As `check_issuers`, `check_subjects` and `check_needs` do.
    """
    check_issuers([policy], terms, label)
    closed = closed_by_issuer(policy)
    check_subjects(closed, None, terms, label)
    check_needs(closed, terms, label)
    return closed


def _check_names(leaf: IssuedBy, terms: PolicySettings, label: str) -> None:
    for name in sorted(leaf.names - terms.issuers.keys()):
        raise PolicyDefinitionError(f"{label}: {leaf!r}, but {_untrusted(name, terms)}")
    for resolver in leaf.resolvers - {terms.resolver}:
        msg = f"{label}: {leaf!r}, but {resolver!r} is not trusted: call jwt.trust(resolver)"
        raise PolicyDefinitionError(msg)
    for issuer in leaf.issuers:
        if terms.issuers[issuer.url] is not issuer:
            msg = f"{label}: {leaf!r}, but another Issuer of this URL is trusted; name that one"
            raise PolicyDefinitionError(msg)


def _untrusted(name: str, terms: PolicySettings) -> str:
    if name in terms.own_issuers:
        return f"{name} is this application itself: write IssuedBy(OWN)"
    trusted = f"trusted are {', '.join(terms.issuers)}" if terms.issuers else "nobody is trusted"
    if terms.resolver is not None:
        trusted += (
            f", and what {terms.resolver!r} finds, which is asked at requests alone: for all "
            "tenants write IssuedBy(resolver), for one of them add & ClaimsMatch(iss=…)"
        )
    return (
        f"{name!r:.200} is not trusted; {trusted}. It is compared with `iss` exactly, a slash at "
        "the end included; to trust an issuer call jwt.trust(Issuer(…)) before the first request"
    )


def check_subjects(
    closed: Policy, baseline: Policy | None, terms: PolicySettings, label: str
) -> None:
    """Refuse a part about the subject that takes users of several issuers, where one may be two.

    Args:
        closed: The closed levels of an endpoint.
        baseline: The policy that every presented token has to pass as well, or None.
        terms: The issuers that are trusted, and whether there are own tokens.
        label: The method and the endpoint, for the error.

    Raises:
        PolicyDefinitionError: A leaf compares subjects, and tokens of two issuers reach it, of
            which one has no ``subject_prefix``.
    """
    if not terms.others:
        return
    everybody = _everybody(terms)
    whole = closed if baseline is None else combined(AllOf, [closed, normal(baseline)])
    for leaf, names in leaves_reached(whole, everybody):
        # No own subject begins with the prefix of an issuer: `SchemaRegistry` refuses it.
        plain = [name for name in names if not isinstance(name, Own) and not _prefix(name, terms)]
        # A resolver alone finds several issuers.
        are_several = len(names) > 1 or terms.resolver in plain
        if are_several and plain and _compares_subjects(leaf, terms.identity_claim):
            raise PolicyDefinitionError(f"{label}: {_confusing(leaf, names, plain)}")


def check_needs(closed: Policy, terms: PolicySettings, label: str) -> None:
    """Refuse a part that asks for what the tokens of an issuer that it accepts never have.

    Args:
        closed: The closed levels of an endpoint, without the baseline.
        terms: The issuers that are trusted, and whether there are own tokens.
        label: The method and the endpoint, for the error.

    Raises:
        PolicyDefinitionError: `SingleUse` meets tokens of an issuer that need no ``jti``, or
            `KnownUser` or ``user(…)`` those of an issuer without users.
    """
    everybody = _everybody(terms)
    # Tokens of the only issuer count as own, so that all parts accept them.
    is_only = len(everybody) == 1 and terms.resolver is None
    counting: Names = everybody if is_only else frozenset()
    for leaf, names in leaves_reached(closed, everybody) if terms.others else ():
        for name in sorted((one for one in names | counting if not isinstance(one, Own)), key=str):
            lack = _lack(leaf, _other(name, terms))
            if lack:
                raise PolicyDefinitionError(f"{label}: {leaf!r}, and this part takes {lack}")


def _everybody(terms: PolicySettings) -> Names:
    """Return all whose tokens are verified here."""
    return terms.others | ({OWN} if terms.has_keys else frozenset())


def _other(name: str | IssuerResolver, terms: PolicySettings) -> Issuer | IssuerResolver:
    """Return what stands behind a name: the issuer, or the resolver itself."""
    return terms.issuers[name] if isinstance(name, str) else name


def _lack(leaf: Policy, other: Issuer | IssuerResolver) -> str:
    """Return whose tokens *leaf* can never allow, and what to do; or the empty string."""
    if isinstance(other, IssuerResolver):
        return _lack_of_found(leaf, other)
    return _lack_of_issuer(leaf, other)


def _lack_of_found(leaf: Policy, resolver: IssuerResolver) -> str:
    if resolver.user_loader is None and (isinstance(leaf, KnownUser) or _reads_user(leaf)):
        return f"tokens of what {resolver!r} finds, which has no user_loader: pass one to it"
    return ""


def _lack_of_issuer(leaf: Policy, issuer: Issuer) -> str:
    if isinstance(leaf, SingleUse) and not issuer.requires_jti:
        return (
            f"tokens of {issuer.url}, which need no jti, so that they cannot be used up; say "
            "requires_jti=True of that Issuer, if its tokens have one"
        )
    if isinstance(leaf, KnownUser) and issuer.user_loader is None:
        return f"tokens of {issuer.url}, which has no user_loader: pass it to that Issuer"
    has_users = issuer.user_loader is not None or issuer.schema is not None
    if _reads_user(leaf) and not has_users:
        return f"tokens of {issuer.url}, which has neither a user_loader nor a schema: pass one"
    return ""


def _reads_user(leaf: Policy) -> bool:
    return isinstance(leaf, Matching) and any(one.needs_user for _, one in leaf.matchers)


def _compares_subjects(leaf: Policy, identity_claim: str) -> bool:
    """Whether the answer of *leaf* depends on the subject, as far as the library can know."""
    if not isinstance(leaf, ClaimsMatch | ResourceMatch):
        return False
    subjects = {"sub", identity_claim}
    is_about_claims = isinstance(leaf, ClaimsMatch)
    return any(
        (is_about_claims and path in subjects)
        or (isinstance(matcher, claim) and matcher.name in subjects)
        for path, matcher in leaf.matchers
    )


def _prefix(name: str | IssuerResolver, terms: PolicySettings) -> str:
    return _other(name, terms).subject_prefix


def _confusing(leaf: Policy, names: Names, plain: Iterable[str | IssuerResolver]) -> str:
    others = sorted(str(name) for name in names if not isinstance(name, Own))
    urls = sorted(name for name in names if isinstance(name, str))
    own = " and own ones" if OWN in names else ""
    cure = (
        "; or write a part for each, in which it is about users of that one alone: "
        f"`IssuedBy('{urls[0]}') & {leaf!r} | …`"
        if urls
        else ""
    )
    return (
        f"{leaf!r} is about the subject, and this part takes tokens of {', '.join(others)}"
        f"{own}: a user of one could have the `sub` of a user of another. Give "
        f"{', '.join(sorted(map(str, plain)))} a subject_prefix=, which is put before each `sub`"
        f"{cure}"
    )
