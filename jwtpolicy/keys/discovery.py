"""Find the key set of an issuer by its metadata: OpenID Connect Discovery 1.0, or RFC 8414."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..exceptions import ConfigurationError
from .fetch_limits import FetchError
from .urls import RemoteUrl, checked_url

if TYPE_CHECKING:
    from .fetching import Fetched

_OPENID: Final = "/.well-known/openid-configuration"
_OAUTH: Final = "/.well-known/oauth-authorization-server"


def checked_issuer(issuer: object, *, allow_http: bool = False) -> RemoteUrl:
    """Return the parts of the identifier of an issuer whose metadata can be looked up.

    Raises:
        ConfigurationError: It is no address, or has a query (:rfc:`8414#section-2`).
    """
    parts = checked_url(issuer, allow_http=allow_http)
    if "?" in parts.text:
        msg = f"{parts.text!r} has a query, so that no metadata can be found by it; pass jwks_uri="
        raise ConfigurationError(msg)
    return parts


def metadata_urls(issuer: RemoteUrl) -> tuple[str, ...]:
    """Return where the metadata of *issuer* may be, in the order in which it is looked for.

    OpenID Connect appends the well-known part to the issuer (section 4.1 of its discovery).
    :rfc:`8414#section-3.1` inserts it before the path of the issuer, and section 5 also inserts the
    name of OpenID's document there. Without a path the first and the last are one.
    """
    root = f"{issuer.scheme}://{issuer.authority}"
    # Both documents: "any terminating '/' MUST be removed".
    path = issuer.target.rstrip("/")
    found = (f"{root}{path}{_OPENID}", f"{root}{_OAUTH}{path}", f"{root}{_OPENID}{path}")
    return tuple(dict.fromkeys(found))


def locate_keys(
    issuer: RemoteUrl, fetch: Callable[[str], Fetched], *, allow_http: bool = False
) -> str:
    """Return ``jwks_uri`` of the issuer's metadata.

    The next address is tried only if the one before answers 404: any other failure may be over
    soon, and the document at the next address may be that of another service.

    Args:
        issuer: The issuer, as `checked_issuer` returns it.
        fetch: Fetches a JSON document.
        allow_http: Whether ``http`` will do for a key set on this machine.

    Raises:
        FetchError: No document can be fetched, it is that of another issuer
            (:rfc:`8414#section-3.3`), or its ``jwks_uri`` is no address that may be fetched.
    """
    document = _metadata(issuer, fetch)
    if not isinstance(document, dict) or document.get("issuer") != issuer.text:
        msg = (
            f"the metadata at {issuer.host} is not that of the issuer {issuer.text}: its member "
            "issuer has to be the same text, to the last slash; see what it is, or pass jwks_uri="
        )
        raise FetchError(msg)
    try:
        return checked_url(document.get("jwks_uri"), allow_http=allow_http).text
    except ConfigurationError:
        msg = (
            f"jwks_uri in the metadata of {issuer.text} is no address of https that may be "
            "fetched; pass the right one as jwks_uri="
        )
        raise FetchError(msg) from None


def _metadata(issuer: RemoteUrl, fetch: Callable[[str], Fetched]) -> object:
    """Return the first metadata document that there is.

    Raises:
        FetchError: There is none, or the first one cannot be used.
    """
    tried = metadata_urls(issuer)
    for url in tried:
        try:
            found: object = fetch(url).content
        except FetchError as error:
            if error.status != 404:
                raise
        else:
            return found
    msg = f"{issuer.host} has no metadata at {' or '.join(tried)}; pass jwks_uri="
    raise FetchError(msg, 404)
