"""Checks of the keys: how strong they are, whether another part shares them, what is left over."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any, Final

from ..keys.key import MIN_SECRET, Key
from .candidate import Candidate
from .check import Check, Judgement, cannot_tell, failure, judged, ok

#: The hash of each algorithm that has a secret.
_HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
#: Any text that both keys sign, to see whether they are the same.
_PROBE: Final = b"jwtpolicy check"
#: The settings of the bridge that may hold its secret, in the order in which it looks.
_OF_BRIDGE: Final = ("JWT_SECRET_KEY", "SECRET_KEY")


def _is_strong(candidate: Candidate) -> Judgement:
    weak = list(_weak_secrets(candidate)) if candidate.has_bridge else []
    if weak:
        return failure(*weak)
    if candidate.bound is not None and not _signing_keys(candidate):
        if candidate.bound.parts.can_sign:
            return cannot_tell("the key ring chooses keys of its own for each token")
        return ok("this service has public keys only, and verifies")
    return ok("each key was judged when it was read")


def _weak_secrets(candidate: Candidate) -> Iterator[str]:
    """Yield what is wrong with the secret of the bridge, which takes shorter ones."""
    config = candidate.app.config
    algorithm = config.get("JWT_ALGORITHM", "HS256")
    name = next((key for key in _OF_BRIDGE if config.get(key)), None)
    if name is None or algorithm not in MIN_SECRET:
        return
    size, needed = len(_as_bytes(config[name])), MIN_SECRET[algorithm]
    if size < needed:
        yield f"{name} of the bridge has {size} bytes, and {algorithm} needs {needed}"


def _is_own(candidate: Candidate) -> Judgement:
    return judged(warnings=_shared(candidate), otherwise="Flask's SECRET_KEY signs no token")


def _shared(candidate: Candidate) -> Iterator[str]:
    config = candidate.app.config
    secret = config.get("SECRET_KEY")
    if not secret:
        return
    if any(_is_made_of(key, _as_bytes(secret)) for key in _signing_keys(candidate)):
        yield "SECRET_KEY signs tokens too: if it leaks, both have leaked; neither changes alone"
    is_secret = config.get("JWT_ALGORITHM", "HS256") in MIN_SECRET
    if candidate.has_bridge and is_secret and not config.get("JWT_SECRET_KEY"):
        yield "JWT_SECRET_KEY is not set: the bridge signs with SECRET_KEY"


def _signing_keys(candidate: Candidate) -> tuple[Key, ...]:
    return () if candidate.bound is None else candidate.bound.parts.ring.signing_keys()


def _is_made_of(key: Key, secret: bytes) -> bool:
    """Whether *key* signs as one made of *secret* would."""
    digest = _HASHES.get(key.algorithm)
    return digest is not None and key.sign(_PROBE) == hmac.digest(secret, _PROBE, digest)


def _as_bytes(secret: Any) -> bytes:
    return secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else bytes(secret)


def _is_rotated(candidate: Candidate) -> Judgement:
    settings = candidate.settings
    count = 0 if settings is None else len(settings.secret_key_fallbacks)
    told = "1 older secret still verifies" if count == 1 else f"{count} older secrets still verify"
    return judged(warnings=[told] if count else [], otherwise="no older secret verifies")


def _has_fit_algorithm(candidate: Candidate) -> Judgement:
    return judged(
        warnings=_misfits(candidate), otherwise="no service that only verifies is known to have it"
    )


def _misfits(candidate: Candidate) -> Iterator[str]:
    """Yield where one secret is in the hands of several services, each of which can issue."""
    settings, keys = candidate.settings, _signing_keys(candidate)
    if settings is not None and any(key.algorithm in MIN_SECRET for key in keys):
        others = settings.accepted_issuers - {settings.encode_issuer}
        if others:
            yield (
                f"tokens of {', '.join(sorted(others))} are accepted, and verify with a secret: "
                "each service that has the secret can issue tokens for any user"
            )
    accepted = set(candidate.app.config.get("JWT_DECODE_ALGORITHMS") or ())
    more = accepted - {candidate.app.config.get("JWT_ALGORITHM", "HS256")}
    if candidate.has_bridge and more:
        yield f"the bridge accepts {', '.join(sorted(more))} beside its own algorithm"


STRENGTH: Final = Check(
    name="secret",
    question="Is the secret strong?",
    judge=_is_strong,
    settings=("JWT_SECRET_KEY", "JWT_PRIVATE_KEY", "JWT_ALGORITHM"),
    advice='Make one: `python -c "import secrets; print(secrets.token_urlsafe(48))"`',
)
OWN: Final = Check(
    name="own-secret",
    question="Is the secret different from Flask's SECRET_KEY?",
    judge=_is_own,
    settings=("JWT_SECRET_KEY", "SECRET_KEY"),
    advice="Give JWT_SECRET_KEY a secret of its own.",
)
LEFT_OVER: Final = Check(
    name="old-secrets",
    question="Are no older secrets left over?",
    judge=_is_rotated,
    settings=("JWT_SECRET_KEY_FALLBACKS",),
    advice=(
        "Remove JWT_SECRET_KEY_FALLBACKS: after a leak now, else when what the older secret "
        "signed has expired."
    ),
)
ALGORITHM: Final = Check(
    name="algorithm",
    question="Is the secret kept from services that only verify?",
    judge=_has_fit_algorithm,
    settings=("JWT_ALGORITHM", "JWT_DECODE_ISSUER"),
    advice=(
        "Let the issuer sign with JWT_ALGORITHM ES256 or EdDSA, and give the others JWT_PUBLIC_KEY."
    ),
)
