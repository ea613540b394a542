"""`IssuerResolver`: issuers that the application knows and this library does not, as of tenants."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from ..exceptions import (
    ConfigurationError,
    KeysUnavailableError,
    StoreUnavailableError,
    expect,
)
from ..keys.discovery import checked_issuer
from ..keys.public_hosts import is_private_by_name
from ..keys.urls import checked_url
from .issuer import Issuer
from .issuer_arguments import checked_names, checked_prefix

if TYPE_CHECKING:
    from ..tokens.token import Token

logger = logging.getLogger("jwtpolicy")

#: Characters of the longest ``iss`` that is looked up.
MAX_URL: Final = 1_024
#: The most that ``recheck`` may be: an hour.
_MAX_RECHECK: Final = 3_600
#: The most that ``max_issuers`` may be.
_MOST_ISSUERS: Final = 100_000
#: Ends the address in the prefix of a subject. No address has it, so that no prefix begins another.
_END: Final = "|"


class IssuerResolver:
    """Finds the issuers of tenants, of which each has an identity provider of its own.

    `JWTManager.trust` takes it, and ``IssuedBy(resolver)`` accepts the tokens of all issuers that
    it finds. An issuer is trusted because *find* returns it, and never because a token names it:
    nothing is fetched from an address that *find* does not know.

    *find* is called with an ``iss`` that no key has signed yet: look it up, and do nothing else
    with it. It is an address of at most 1,024 characters. What *find* has returned is kept for
    *recheck* seconds, in each process. So a tenant that is removed is refused after that time at
    the latest, and a new one is accepted. Threads that need the same answer at the same time may
    each ask for it. If *find* raises, the request is answered with 503.

    Strangers can send any number of names. So 1,000 names without an issuer are remembered, apart
    from the issuers; and *find* is asked for names that have none about 10 times per second at
    most, after 100 at once, in each process. Beyond that, a name that is not known yet is refused
    without being looked up, that of a new tenant too; issuers that are known are not concerned.

    The keys of the issuers are fetched by https, and from addresses of the public Internet only:
    a tenant must not choose which servers of your network this process connects to.

    Args:
        find: Returns the `Issuer` whose ``url`` is the text that it is called with, or None. Its
            arguments may change between two calls; the keys are fetched again only if those about
            keys did.
        audience: The audience of your API, or several. Each issuer that is found must have the
            same ``audience``.
        user_loader: Returns the user of a token of any of the issuers, or None if there is none.
            ``current_token.issuer`` says whose it is.
        subject_prefix: What the subjects of all of them begin with. After it come the address of
            the issuer, a ``|`` and ``sub``: ``tenant:https://login.red.example|ada``. Without it, a
            part about the subject cannot take their tokens, because a user of one tenant could have
            the ``sub`` of a user of another.
        recheck: Seconds for which an answer of *find* is kept, from 0 to 3,600.
        max_issuers: The most issuers that each process keeps, with their keys. Let it be more than
            there are tenants. Beyond it, the one that was not used for longest is dropped.
        allow_private: Whether keys may be fetched from private, loopback and link-local addresses,
            and by http from this machine. It is for tests, and for applications whose tenants all
            belong to one network.

    Raises:
        ConfigurationError: An argument is missing or cannot be used.

    Example:
        >>> rows = {"https://login.red.example"}
        >>> def find(url):
        ...     return Issuer(url, audience="https://api.example.com") if url in rows else None
        >>> IssuerResolver(find, audience="https://api.example.com")
        <IssuerResolver find>
    """

    def __init__(
        self,
        find: Callable[[str], Issuer | None],
        *,
        audience: str | Collection[str],
        user_loader: Callable[[Token], Any] | None = None,
        subject_prefix: str = "",
        recheck: float = 60,
        max_issuers: int = 1_000,
        allow_private: bool = False,
    ) -> None:
        self._find = _checked_find(find)
        how = "IssuerResolver(allow_private=…) is True or False"
        expect(allow_private, bool, how, ConfigurationError)
        self.audience = checked_names("audience", audience, "IssuerResolver")
        self.subject_prefix = checked_prefix(subject_prefix, "IssuerResolver")
        if not self.audience:
            msg = (
                "IssuerResolver(audience=…) is empty: without it, the tokens that a tenant's "
                "provider gives to any other application would be accepted here"
            )
            raise ConfigurationError(msg)
        given: object = user_loader
        if given is not None and not callable(given):
            msg = f"IssuerResolver(user_loader=…) takes a function of the token, not {given!r:.60}"
            raise ConfigurationError(msg)
        self.user_loader = user_loader
        self.recheck = _checked_number("recheck", recheck, 0, _MAX_RECHECK, (int, float))
        self.max_issuers = int(_checked_number("max_issuers", max_issuers, 1, _MOST_ISSUERS, int))
        self.allow_private = allow_private

    def __repr__(self) -> str:
        return f"<IssuerResolver {getattr(self._find, '__name__', type(self._find).__name__)}>"

    def may_find(self, url: str) -> bool:
        """Whether *url* is one for which the application is asked: an address, and not too long."""
        if len(url) > MAX_URL:
            return False
        with suppress(ConfigurationError):
            checked_issuer(url, allow_http=self.allow_private)
            return True
        return False

    def look_up(self, url: str) -> Issuer | None:
        """Ask the application for an issuer; return None if it has none that may be used.

        Args:
            url: ``iss`` of a token that is not verified, for which `may_find` is true.

        Raises:
            KeysUnavailableError: The function of the application raised an exception.
        """
        try:
            found: object = self._find(url)
        except StoreUnavailableError:
            raise
        except Exception as error:
            reason = f"find of {self!r} raised {type(error).__name__}"
            logger.exception("find of %r raised %s", self, type(error).__name__)
            raise KeysUnavailableError(reason) from error
        if found is None:
            return None
        fault = self._fault(found, url)
        if fault is None and isinstance(found, Issuer):
            return self._adopted(found)
        logger.error("%r found an issuer for %s that is refused: %s", self, url, fault)
        return None

    def _adopted(self, issuer: Issuer) -> Issuer:
        """Return *issuer* with what all issuers of this resolver have in common."""
        prefix = self.subject_prefix and f"{self.subject_prefix}{issuer.url}{_END}"
        adopted = copy(issuer)
        vars(adopted).update(subject_prefix=prefix, user_loader=self.user_loader)
        return adopted

    def _fault(self, found: object, url: str) -> str | None:
        """Return why what was found for *url* cannot be used, or None."""
        if not isinstance(found, Issuer):
            return f"it is {type(found).__name__}, and neither an Issuer nor None"
        if found.url != url:
            return f"its url is another one, {found.url}"
        if found.audience != self.audience:
            return "its audience= is not that of the resolver"
        if found.introspection is not None:
            return "it has introspection=, and an opaque token does not say of which tenant it is"
        if found.subject_prefix or found.user_loader is not None:
            return "subject_prefix= and user_loader= are arguments of the resolver here"
        return None if self.allow_private else _private_fault(found)


def _private_fault(issuer: Issuer) -> str | None:
    """Return why the keys of *issuer* may not be fetched, as far as its arguments say."""
    if issuer.allow_http:
        return "it has allow_http=True, for which the resolver needs allow_private=True"
    where = checked_url(issuer.jwks_uri or issuer.url)
    if issuer.keys is None and is_private_by_name(where.host):
        return "its keys are not on the public Internet; see allow_private= of the resolver"
    return None


def _checked_find(find: object) -> Callable[[str], Issuer | None]:
    """Return the function of the application.

    Raises:
        ConfigurationError: It is no function, or an async one, for which nobody could wait.
    """
    if not callable(find) or inspect.iscoroutinefunction(find):
        msg = (
            "IssuerResolver takes a function of a URL that returns an Issuer or None, and is not "
            f"async, not {find!r:.60}"
        )
        raise ConfigurationError(msg)
    return find


def _checked_number(
    argument: str, value: object, least: int, most: int, types: type | tuple[type, ...]
) -> float:
    """Return a number.

    Raises:
        ConfigurationError: It is none from *least* to *most*.
    """
    if isinstance(value, types) and not isinstance(value, bool) and least <= value <= most:  # type: ignore[operator] # a number
        return value  # type: ignore[return-value] # a number
    msg = f"IssuerResolver({argument}=…) is a number from {least} to {most}, not {value!r:.40}"
    raise ConfigurationError(msg)
