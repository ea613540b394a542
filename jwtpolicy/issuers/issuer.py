"""`Issuer`: whose tokens an application trusts, for what, and what their claims mean here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, Unpack

from marshmallow import Schema

from ..exceptions import ConfigurationError, expect
from ..keys.ring import StaticKeys
from . import presets
from .conditions import AT_JWT, Condition, Path, holds, is_client_itself, tests_of
from .issuer_arguments import (
    IssuerArguments,
    checked_claims,
    checked_file,
    checked_name,
    checked_names,
    checked_path,
    checked_prefix,
    checked_seconds,
    of_argument,
)
from .opaque_tokens import Introspection
from .presets import PresetArguments

if TYPE_CHECKING:
    from ..tokens.token import Token

#: Algorithms that are accepted where an issuer names none; all are asymmetric.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")

#: The most that ``JWT_DECODE_LEEWAY`` may be, too.
_MAX_LEEWAY: Final = 300
_MAX_AGE: Final = 366 * 86_400.0


class Issuer:
    """An issuer whose access tokens the application trusts; `JWTManager.trust` takes one.

    Its tokens are accepted in headers only, and only by parts of policies that name it:
    ``IssuedBy("https://…")``. In an application that has no key of its own and trusts one issuer,
    the tokens of that one count as its own.

    A token has to be an access token by *access_when*. An ID token, a logout token or another kind
    of JWT is refused, whatever its issuer says (:rfc:`8725#section-3.12`). Claims that have a
    meaning here (``fresh``, ``scope``, ``roles``, ``auth_time`` …) count only if an argument says
    from which claim they come.

    Args:
        url: ``iss`` of its tokens, exactly as the issuer writes it.
        audience: ``aud``: the name of your API at the issuer, or several of which a token has to
            have one (:rfc:`7519#section-4.1.3`).
        client_ids: Instead of an audience: the clients whose tokens are accepted, by the claim
            ``client_id``, for an issuer whose access tokens have no ``aud``.
        keys: Its public keys, if they are not fetched: a JWK set as a mapping, as text or as the
            path of a file; or a list of `Key` objects.
        jwks_uri: The URL of its key set. If neither this nor *keys* is given, the issuer's
            discovery document names it.
        algorithms: Accepted algorithms, all asymmetric.
        access_when: What marks an access token: ``"at+jwt"`` (:rfc:`9068`), a mapping of claims to
            their values, or a function of header and claims. Of several one has to hold.
        machine_when: What marks the token of a machine, likewise. By default the subject is the
            client. If a function raises an exception, or returns neither True nor False, the token
            counts as a machine's.
        subject: The claim with the subject of users; that of machines is ``sub``.
        subject_prefix: What is put before the subject, so that it is no local one, and none of
            another issuer. Nobody else may have a subject that begins with it: an own user gets no
            token with one. Without it, a policy about the subject takes tokens of this issuer only
            in a part of their own.
        scopes: The claim with the scopes, a text or an array.
        roles: The claim with the roles: its name, or a tuple of names that leads to it.
        claims: Further claims of yours, each with the claim, or the tuple of names, that it comes
            from: ``{"auth_time": "auth_time"}``.
        requires_jti: Whether a token needs ``jti``. Tokens without one cannot be revoked one by
            one, and `SingleUse` refuses them.
        leeway: Seconds by which its clock may differ; if None, ``JWT_DECODE_LEEWAY``.
        max_age: Seconds after ``iat`` for which a token is accepted at most, or None.
        schema: A marshmallow schema that makes the principal of the claims, or None.
        user_loader: Returns the user of a token, or None if there is none. It may create the local
            user at first sight.
        introspection: How its server is asked about opaque tokens. JWTs of this issuer are then
            accepted only if *keys* or *jwks_uri* is given.
        cafile: A PEM file with the authority of its certificate, if that is not public.
        allow_http: Whether http will do for its addresses, which works on this machine only.

    Raises:
        ConfigurationError: An argument is missing or cannot be used.

    Example:
        >>> issuer = Issuer("https://login.example.com", audience="https://api.example.com")
        >>> issuer.url
        'https://login.example.com'
    """

    url: str

    def __init__(
        self,
        url: str,
        *,
        audience: str | Collection[str] = (),
        client_ids: str | Collection[str] = (),
        keys: StaticKeys | None = None,
        jwks_uri: str | None = None,
        algorithms: str | Collection[str] = ALGORITHMS,
        access_when: Condition | Collection[Condition] = AT_JWT,
        machine_when: Condition | Collection[Condition] = is_client_itself,
        subject: str = "sub",
        subject_prefix: str = "",
        scopes: str = "scope",
        roles: Path | None = None,
        claims: Mapping[str, Path] | None = None,
        requires_jti: bool = True,
        leeway: float | None = None,
        max_age: float | None = None,
        schema: Schema | type[Schema] | None = None,
        user_loader: Callable[[Token], Any] | None = None,
        introspection: Introspection | None = None,
        cafile: str | None = None,
        allow_http: bool = False,
    ) -> None:
        # Here, because most applications trust nobody else, and should not wait for the import.
        from ..keys.discovery import checked_issuer
        from ..keys.remote_set import checked_algorithms
        from ..keys.static_set import static_ring

        for name, switch in (("requires_jti", requires_jti), ("allow_http", allow_http)):
            expect(switch, bool, f"Issuer({name}=…) is True or False", ConfigurationError)
        with of_argument("url"):
            self.url = checked_issuer(url, allow_http=allow_http).text
        self.audience = checked_names("audience", audience)
        self.client_ids = checked_names("client_ids", client_ids)
        self._check_addressees()
        names = sorted(checked_names("algorithms", algorithms))
        with of_argument("algorithms=…"):
            self.algorithms = checked_algorithms(names)
        self.keys = None if keys is None else static_ring(keys, self.algorithms)
        self.jwks_uri = jwks_uri
        self.cafile = checked_file("cafile", cafile)
        self.allow_http = allow_http
        self._check_key_source()
        self.introspection = introspection
        self._check_introspection()
        self.access_tests = tests_of("Issuer(access_when=…)", access_when)
        self.machine_tests = tests_of("Issuer(machine_when=…)", machine_when)
        self.subject = checked_name("subject", subject)
        self.subject_prefix = checked_prefix(subject_prefix)
        self.scopes = checked_path("scopes", scopes)
        self.roles = None if roles is None else checked_path("roles", roles)
        self.claims = checked_claims({} if claims is None else claims)
        self.required = ("exp", "iat", *(("jti",) if requires_jti else ()))
        self.requires_jti = requires_jti
        self.leeway = checked_seconds("leeway", leeway, _MAX_LEEWAY)
        self.max_age = checked_seconds("max_age", max_age, _MAX_AGE)
        self.schema = _checked_schema(schema)
        self.user_loader = _checked_loader(user_loader)
        vars(self)["_is_sealed"] = True

    def __setattr__(self, name: str, value: object) -> None:
        if "_is_sealed" in vars(self):
            msg = f"{self!r} is frozen: make another Issuer"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)
        raise AssertionError  # pragma: no cover # the line above has raised

    def is_machine(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        """Whether a token is a machine's, by ``machine_when``; in doubt it is no user's.

        Args:
            header: The JOSE header.
            claims: All claims, as the issuer signed them.
        """
        # A machine that was taken for a user could own what the user of the same name owns.
        return holds(self.machine_tests, header, claims, in_doubt=True)

    def __repr__(self) -> str:
        return f"<Issuer {self.url}>"

    def _check_addressees(self) -> None:
        if not (self.audience or self.client_ids):
            msg = (
                f"{self!r}: audience= is missing, or client_ids= is missing if its access tokens "
                "have no aud: without it, the tokens that this issuer gives to any other "
                "application would be accepted here; name your API as the issuer does"
            )
            raise ConfigurationError(msg)

    def _check_key_source(self) -> None:
        if self.keys is not None and self.jwks_uri is not None:
            msg = f"{self!r}: keys= and jwks_uri= exclude each other"
            raise ConfigurationError(msg)
        if self.jwks_uri is not None:
            _check_url("jwks_uri=…", self.jwks_uri, allow_http=self.allow_http)

    @property
    def has_keys(self) -> bool:
        """Whether it signs tokens that are read here: all of them may be opaque."""
        return bool(self.introspection is None or self.keys is not None or self.jwks_uri)

    def _check_introspection(self) -> None:
        how = "Issuer(introspection=…) takes an Introspection"
        expect(self.introspection, (Introspection, NoneType), how, ConfigurationError)
        if self.introspection is not None:
            endpoint = self.introspection.endpoint
            _check_url("introspection=…", endpoint, allow_http=self.allow_http)

    @classmethod
    def auth0(
        cls, domain: str, *, audience: str | Collection[str], **more: Unpack[IssuerArguments]
    ) -> Self:
        """Return an Auth0 tenant as an issuer.

        Its arguments: ``url="https://DOMAIN/"``, ``requires_jti=False`` (the default profile has no
        ``jti``), ``roles="permissions"``. An access token has ``typ`` ``at+jwt``, or ``azp`` and
        either ``gty`` or a text ``scope``. A machine has ``gty`` ``client-credentials``, or a
        subject that ends in ``@clients``.

        Args:
            domain: The domain of the tenant: ``example.eu.auth0.com``.
            audience: The identifier of your API.
            more: Arguments of `Issuer` that take the place of these.

        Raises:
            ConfigurationError: An argument cannot be used.
        """
        arguments: PresetArguments = {**presets.auth0(domain), "audience": audience, **more}
        return cls(**arguments)

    @classmethod
    def keycloak(
        cls,
        url: str,
        realm: str,
        *,
        audience: str | Collection[str],
        **more: Unpack[IssuerArguments],
    ) -> Self:
        """Return a realm of a Keycloak server as an issuer.

        Its arguments: ``url="URL/realms/REALM"``, ``roles=("realm_access", "roles")``. An access
        token has the claim ``typ`` ``Bearer``. A machine's ``preferred_username`` begins with
        ``service-account-``. Keycloak writes no audience by itself: give the client scope of your
        API an audience mapper. The audience ``account`` is in the tokens of any client of the
        realm, so it is refused here.

        Args:
            url: The address of the server: ``https://login.example.com``.
            realm: The name of the realm.
            audience: The client id of your API, as the audience mapper writes it.
            more: Arguments of `Issuer` that take the place of these.

        Raises:
            ConfigurationError: An argument cannot be used, or the audience is ``account``.
        """
        if "account" in checked_names("audience", audience):
            msg = (
                "Issuer.keycloak(audience='account'): tokens of any client of the realm have this "
                "audience; add an audience mapper with the name of your API in Keycloak"
            )
            raise ConfigurationError(msg)
        arguments: PresetArguments = {**presets.keycloak(url, realm), "audience": audience, **more}
        return cls(**arguments)

    @classmethod
    def cognito(
        cls,
        region: str,
        pool_id: str,
        *,
        client_ids: str | Collection[str],
        **more: Unpack[IssuerArguments],
    ) -> Self:
        """Return a user pool of Amazon Cognito as an issuer.

        Its arguments: ``url="https://cognito-idp.REGION.amazonaws.com/POOL"``,
        ``roles="cognito:groups"``. An access token has ``token_use`` ``access``, and a client that
        is listed; it has no ``aud``.

        Args:
            region: The region: ``eu-central-1``.
            pool_id: The id of the pool: ``eu-central-1_AbCdEf123``.
            client_ids: The app clients whose tokens are accepted.
            more: Arguments of `Issuer` that take the place of these.

        Raises:
            ConfigurationError: An argument cannot be used.
        """
        arguments: PresetArguments = {
            **presets.cognito(region, pool_id),
            "client_ids": client_ids,
            **more,
        }
        return cls(**arguments)

    @classmethod
    def entra(
        cls,
        tenant: str,
        *,
        audience: str | Collection[str],
        version: int = 2,
        **more: Unpack[IssuerArguments],
    ) -> Self:
        """Return a tenant of Microsoft Entra ID as an issuer.

        Its arguments: ``url="https://login.microsoftonline.com/TENANT/v2.0"``, or
        ``"https://sts.windows.net/TENANT/"`` for version 1, which is what a new API gets until its
        manifest asks for version 2; ``algorithms=["RS256"]``, ``scopes="scp"``, ``roles="roles"``,
        ``requires_jti=False``. An access token has a text ``scp``; or ``roles`` and a client, and
        is an application's: then ``idtyp`` is ``app``, or ``sub`` is ``oid``. An application's
        token is a machine's. The subject is ``sub``, which is another one for each API; the claim
        ``oid`` is the same everywhere in the tenant.

        Args:
            tenant: The id of the tenant, a UUID; ``common`` is nobody's.
            audience: The id of your API, a UUID for version 2, ``api://…`` for version 1.
            version: The version of its access tokens, 1 or 2.
            more: Arguments of `Issuer` that take the place of these.

        Raises:
            ConfigurationError: An argument cannot be used, or *tenant* is no UUID.
        """
        arguments: PresetArguments = {
            **presets.entra(tenant, version),
            "audience": audience,
            **more,
        }
        return cls(**arguments)

    @classmethod
    def okta(
        cls,
        domain: str,
        server: str = "default",
        *,
        audience: str | Collection[str],
        **more: Unpack[IssuerArguments],
    ) -> Self:
        """Return a custom authorization server of Okta as an issuer.

        Its arguments: ``url="https://DOMAIN/oauth2/SERVER"``, ``scopes="scp"``, ``subject="uid"``
        (``sub`` is the login, which may change). An access token has an array ``scp`` and ``cid``.
        Tokens of the org's own server are for Okta, and are refused.

        Args:
            domain: The domain of the org: ``example.okta.com``.
            server: The id of the authorization server.
            audience: The audience of that server: ``api://default``.
            more: Arguments of `Issuer` that take the place of these.

        Raises:
            ConfigurationError: An argument cannot be used.
        """
        arguments: PresetArguments = {**presets.okta(domain, server), "audience": audience, **more}
        return cls(**arguments)


def _check_url(argument: str, url: str, *, allow_http: bool) -> None:
    """Refuse what is no address from which something may be fetched.

    Raises:
        ConfigurationError: It is none; the message begins with the argument.
    """
    from ..keys.urls import checked_url

    with of_argument(argument):
        checked_url(url, allow_http=allow_http)


def _checked_loader(loader: Callable[[Token], Any] | None) -> Callable[[Token], Any] | None:
    """Return the loader of users.

    Raises:
        ConfigurationError: The loader is not a function.
    """
    given: object = loader
    if given is None or callable(given):
        return loader
    msg = f"Issuer(user_loader=…) takes a function of the token, not {given!r:.60}"
    raise ConfigurationError(msg)


def _checked_schema(schema: object) -> Schema | None:
    """Return the schema as an object.

    Raises:
        ConfigurationError: It is no marshmallow schema.
    """
    made = schema() if isinstance(schema, type) and issubclass(schema, Schema) else schema
    how = "Issuer(schema=…) takes a marshmallow schema"
    expect(made, (Schema, NoneType), how, ConfigurationError)
    return made  # type: ignore[return-value] # checked
