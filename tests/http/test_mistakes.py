"""Who passes something else than was meant reads what was expected, in the call that was wrong.

Each public callable is called with values of other types. It takes them, or raises an error that
names the argument; no error comes from somewhere within, and none waits for the first request.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from typing import Any

import pytest
from flask import Blueprint, Flask

import jwtpolicy
from jwtpolicy import (
    Access,
    AccessRequest,
    AllOf,
    Anonymous,
    AnyOf,
    AtLeast,
    ClaimSchema,
    ClaimsMatch,
    ForAudience,
    Fresh,
    HasRole,
    HasScope,
    Introspection,
    IsSubject,
    IssuedBy,
    Issuer,
    IssuerResolver,
    JWTManager,
    Not,
    NotRevoked,
    Owns,
    ProtectedView,
    ResourceMatch,
    SingleUse,
    TokenKind,
    When,
    claim,
    contains,
    one_of,
    policy,
    protect,
    public,
    user,
    view_arg,
)
from jwtpolicy.endpoints import (
    IntrospectionView,
    LoginView,
    RevocationView,
    StepUpView,
    auth_blueprint,
    resource_metadata_blueprint,
)
from jwtpolicy.exceptions import AccessError, SetupError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.policy.base import Policy
from jwtpolicy.stores import SQLiteStore
from jwtpolicy.transports import HeaderTransport
from tests.support.applications import SECRET


class Thing:
    """What nobody expects anywhere."""


def function(*args: Any, **kwargs: Any) -> None: ...


#: One value of each type that is passed by mistake.
WRONG: dict[str, Any] = {
    "text": "x",
    "number": 3,
    "none": None,
    "object": Thing(),
    "list": ["x"],
    "flag": True,
    "mapping": {"a": 1},
    "class": Thing,
    "function": function,
}
ALL = set(WRONG)


def new_app() -> Flask:
    app = Flask("tests.mistakes")
    app.config.update(
        TESTING=True, JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["headers", "cookies"]
    )
    return app


def made(name: str) -> Callable[[Any], Any]:
    """Return what makes a manager with one argument."""
    return lambda value: JWTManager(new_app(), **{name: value})


@cache
def site() -> tuple[Flask, JWTManager[Any]]:
    """Return an application whose verbs are called; nothing is registered with it."""
    app = new_app()
    return app, JWTManager(app)


def called(verb: str, *args: Any, of: str | None = None) -> Callable[[Any], Any]:
    """Return what calls a verb with a value for one argument: *of*, or the last positional one."""

    def call(value: Any) -> Any:
        app, jwt = site()
        with app.test_request_context():
            if of is None:
                return getattr(jwt, verb)(*args, value)
            return getattr(jwt, verb)(*args, **{of: value})

    return call


def registered(verb: str, *args: Any, of: str | None = None) -> Callable[[Any], Any]:
    """Return what registers a value with a manager of its own, or with one for *of*."""

    def call(value: Any) -> Any:
        register = getattr(JWTManager(), verb)
        return register(*args, value) if of is None else register(*args, **{of: value})

    return call


def resolving(name: str) -> Callable[[Any], Any]:
    """Return what makes a resolver with this argument."""
    return lambda value: IssuerResolver(function, **{"audience": "api", name: value})


def trusted(name: str, **more: Any) -> Callable[[Any], Any]:
    """Return what makes an issuer with one argument, beside those that it needs."""
    usual = {"audience": "api", **more}
    return lambda value: Issuer("https://login.example", **{**usual, name: value})


def asked(name: str) -> Callable[[Any], Any]:
    """Return what makes an `Introspection` with one argument, beside those that it needs."""
    usual = {"endpoint": "https://login.example", "client_id": "api", "client_secret": SECRET}
    return lambda value: Introspection(**{**usual, name: value})


def view(name: str, base: type = ProtectedView) -> Callable[[Any], Any]:
    """Return what makes a class with one attribute."""
    return lambda value: type("V", (base,), {name: value, "authenticate": function})


#: What `resource_metadata_blueprint` needs beside the manager and the blueprint.
METADATA: dict[str, Any] = {
    "resource": "https://api.example.com/mcp",
    "authorization_servers": ["https://login.example.com"],
}


def publish(name: str, value: Any) -> Blueprint:
    """Return the metadata of a resource, with one argument of its own."""
    arguments = {**METADATA, name: value}
    return resource_metadata_blueprint(JWTManager(), Blueprint("mcp", __name__), **arguments)


#: What is called, the values that it takes, and the word that its error has to name.
TABLE: dict[str, tuple[Callable[[Any], Any], set[str], str]] = {
    "JWTManager.app": (lambda v: JWTManager(v), {"none"}, r"Flask application: JWTManager\(app\)"),
    "JWTManager.baseline": (made("baseline"), {"none"}, "baseline: expected a policy"),
    "JWTManager.store": (made("store"), {"none"}, r"store=….*TokenStore; a URL belongs"),
    "JWTManager.keys": (made("keys"), {"none"}, r"keys=….*KeyRing\(Key"),
    "JWTManager.transports": (made("transports"), set(), "transports=….*JWT_TOKEN_LOCATION"),
    "JWTManager.add_context_processor": (
        made("add_context_processor"),
        {"flag"},
        "add_context_processor=… is True or False",
    ),
    "JWTManager.clock": (made("clock"), set(), "clock is a function that returns seconds"),
    "JWTManager.init_app.app": (
        lambda v: JWTManager().init_app(v),
        set(),
        "takes a Flask application",
    ),
    "JWTManager.init_app.clock": (
        lambda v: JWTManager().init_app(new_app(), clock=v),
        {"none"},
        "clock is a function that returns seconds",
    ),
    "JWTManager.claims_for.user_type": (registered("claims_for"), {"class"}, "type of the users"),
    "JWTManager.claims_for.kind": (
        registered("claims_for", str, of="kind"),
        {"text", "none"},
        "kind=… takes the name",
    ),
    "JWTManager.user_loader.loader": (
        registered("user_loader"),
        {"function", "class"},
        "user_loader takes a function",
    ),
    "JWTManager.user_loader.lazy": (
        registered("user_loader", function, of="lazy"),
        {"flag"},
        "lazy=… is True or False",
    ),
    "JWTManager.revocation_check.check": (
        registered("revocation_check"),
        {"function", "class"},
        "revocation_check takes a function",
    ),
    "JWTManager.extra_claims.hook": (
        registered("extra_claims"),
        {"function", "class"},
        "extra_claims takes a function",
    ),
    "JWTManager.extra_headers.hook": (
        registered("extra_headers"),
        {"function", "class"},
        "extra_headers takes a function",
    ),
    "JWTManager.protect_blueprint.blueprint": (
        registered("protect_blueprint"),
        set(),
        "takes a Blueprint first",
    ),
    "JWTManager.protect_blueprint.policies": (
        registered("protect_blueprint", Blueprint("b", "b")),
        set(),
        r"protect_blueprint\(b\): expected a policy",
    ),
    "JWTManager.trust.issuer": (
        registered("trust"),
        set(),
        r"trust takes an Issuer: jwt.trust\(Issuer\('https://…', audience=…",
    ),
    "JWTManager.login.user": (called("login"), {"text", "number"}, "pass a str that"),
    "JWTManager.login.fresh": (called("login", "u", of="fresh"), {"flag"}, "fresh is True, False"),
    "JWTManager.login.acr": (
        called("login", "u", of="acr"),
        {"text", "none"},
        "acr has to be one text",
    ),
    "JWTManager.login.amr": (
        called("login", "u", of="amr"),
        {"none", "list"},
        r"amr has to be a tuple of texts, such as \('pwd', 'otp'\)",
    ),
    "JWTManager.login.scope": (
        called("login", "u", of="scope"),
        {"text", "none"},
        "scope has to be one text, the scopes separated",
    ),
    "JWTManager.login.claims": (
        called("login", "u", of="claims"),
        {"mapping", "none"},
        "claims= has to be a mapping",
    ),
    "JWTManager.login.headers": (
        called("login", "u", of="headers"),
        {"mapping", "none"},
        "headers= has to be a mapping",
    ),
    "JWTManager.login.label": (
        called("login", "u", of="label"),
        {"text", "none"},
        "label is text or None",
    ),
    "JWTManager.login.since": (
        called("login", "u", of="since"),
        {"none", "number"},
        "since is None or seconds",
    ),
    "JWTManager.issue.kind": (
        called("issue", "u", of="kind"),
        {"text"},
        "kind=… takes the name of a kind",
    ),
    "JWTManager.issue.expires_in": (
        called("issue", "u", of="expires_in"),
        {"none", "number"},
        "expires_in takes at least one second",
    ),
    "JWTManager.issue.audience": (
        called("issue", "u", of="audience"),
        {"text", "none", "list"},
        "aud has to be one text, or a tuple",
    ),
    "JWTManager.issue.session": (
        called("issue", "u", of="session"),
        {"none"},
        "session",
    ),
    "JWTManager.verify.kind": (
        called("verify", "x", of="kind"),
        {"text"},
        "kind=… takes the name of a kind, or ANY",
    ),
    "JWTManager.renewed.token": (called("renewed"), set(), "renewed takes a verified Token"),
    "JWTManager.revoke.token": (called("revoke"), {"text"}, "pass a token"),
    "JWTManager.revoke_session.session_id": (
        called("revoke_session"),
        {"text"},
        "names no session: pass its id",
    ),
    "JWTManager.revoke_subject.subject": (
        called("revoke_subject"),
        {"text", "number"},
        "pass a str that",
    ),
    "JWTManager.revoke_subject.issuer": (
        called("revoke_subject", "u", of="issuer"),
        set(),
        "issuer= takes the URL",
    ),
    "JWTManager.sessions.issuer": (
        called("sessions", "u", of="issuer"),
        set(),
        "issuer= takes the URL",
    ),
    "JWTManager.sessions.limit": (called("sessions", "u", of="limit"), {"number"}, "limit is how"),
    "JWTManager.sessions.before": (called("sessions", "u", of="before"), {"none"}, "before is an"),
    "JWTManager.set_cookies.response": (
        lambda v: called("set_cookies", v)("x.y.z"),
        set(),
        r"set_cookies takes a response: make_response\(…",
    ),
    "JWTManager.set_cookies.tokens": (
        called("set_cookies", Flask.response_class()),
        {"text"},
        "set_cookies takes a TokenPair or an encoded",
    ),
    "JWTManager.unset_cookies.response": (
        called("unset_cookies"),
        set(),
        r"unset_cookies takes a response",
    ),
    "JWTManager.logout.response": (called("logout"), {"none"}, "logout takes a response"),
    "JWTManager.explain.policy": (called("explain"), set(), "explain: expected a policy"),
    "JWTManager.explain.token": (called("explain", Access()), {"text", "none"}, "pass a token"),
    "JWTManager.explain.view_args": (
        called("explain", Access(), None, of="view_args"),
        {"none", "mapping"},
        r"view_args=… takes a mapping",
    ),
    "JWTManager.enforce.policy": (called("enforce"), set(), "enforce: expected a policy"),
    "AccessRequest.token": (
        lambda v: AccessRequest(token=v),
        {"none"},
        r"verified Token: jwt.verify\(encoded\)",
    ),
    "AccessRequest.view_args": (
        lambda v: AccessRequest(view_args=v),
        {"none", "mapping"},
        "takes a mapping",
    ),
    "protect.policies": (lambda v: protect(v, csrf=True), set(), "protect: expected a policy"),
    "protect.resource": (
        lambda v: protect(Owns("a"), resource=v),
        {"function", "class"},
        r"resource=… is a function|pass resource=",
    ),
    "protect.transports": (
        lambda v: protect(Access(), transports=v),
        {"none"},
        "protect: transports takes one or several",
    ),
    "protect.csrf": (
        lambda v: protect(Access(), csrf=v),
        {"flag", "none"},
        "csrf is True or False",
    ),
    "protect()": (lambda v: protect()(v), {"function"}, "@protect goes on functions"),
    "public.view": (lambda v: public(v), {"function"}, "@public goes on functions"),
    "policy.function": (lambda v: policy(v), {"function"}, "@policy goes on a function"),
    "policy.needs_token": (
        lambda v: policy(needs_token=v)(lambda access: True),
        {"flag"},
        "needs_token=… is True or False",
    ),
    "Fresh": (lambda v: Fresh(v), set(), r"write Fresh\(within=…, acr=…"),  # type: ignore[call-arg]
    "Fresh.within": (lambda v: Fresh(within=v), {"number"}, "within=….* takes seconds"),
    "Fresh.acr": (lambda v: Fresh(acr=v), {"text"}, "acr=….* takes one class"),
    "ClaimsMatch.claims": (lambda v: ClaimsMatch(v), {"mapping"}, "ClaimsMatch takes a mapping"),
    "ClaimsMatch.absent": (lambda v: ClaimsMatch(a=1, absent=v), {"none"}, "absent=…"),
    "ResourceMatch.attributes": (lambda v: ResourceMatch(v), {"mapping"}, "takes a mapping"),
    "HasScope.scopes": (lambda v: HasScope(v), {"text"}, r"HasScope takes .*HasScope\('a', 'b'\)"),
    "HasRole.roles": (lambda v: HasRole(v), {"text"}, r"HasRole takes .*HasRole\('a', 'b'\)"),
    "IsSubject.name": (lambda v: IsSubject(v), {"text"}, r"IsSubject takes a name"),
    "IsSubject.of": (lambda v: IsSubject("a", of=v), {"none", "class"}, "of=….* takes a type"),
    "Owns.name": (lambda v: Owns(v), {"text"}, "Owns takes a name"),
    "Owns.of": (lambda v: Owns("a", of=v), {"none", "class"}, "of=….* takes a type"),
    "Access": (lambda v: Access(v), set(), r"write Access\(\)"),  # type: ignore[call-arg]
    "NotRevoked": (lambda v: NotRevoked(v), set(), r"write NotRevoked\(\)"),  # type: ignore[call-arg]
    "ForAudience.audience": (
        lambda v: ForAudience(v),
        {"text"},
        "ForAudience takes the audience",
    ),
    "TokenKind.kind": (lambda v: TokenKind(v), {"text"}, "TokenKind takes the kind"),
    "Anonymous.ignore_invalid": (
        lambda v: Anonymous(ignore_invalid=v),
        {"flag"},
        "ignore_invalid=…",
    ),
    "SingleUse.consume": (lambda v: SingleUse(consume=v), {"flag"}, "consume=…"),
    "AllOf.members": (lambda v: AllOf(v), set(), "AllOf: expected a policy"),
    "AnyOf.members": (lambda v: AnyOf(v), set(), "AnyOf: expected a policy"),
    "AtLeast.count": (lambda v: AtLeast(v, Access()), set(), "AtLeast takes a number from 1 to 1"),
    "AtLeast.members": (lambda v: AtLeast(1, v), set(), "AtLeast: expected a policy"),
    "Not.member": (lambda v: Not(v), set(), "Not: expected a policy"),
    "When.condition": (lambda v: When(v), set(), "When: expected a policy"),
    "When.then": (lambda v: When(Access()).then(v), set(), "then: expected a policy"),
    "view_arg.name": (lambda v: view_arg(v), {"text"}, "view_arg takes a name"),
    "user.name": (lambda v: user(v), {"text"}, "user takes a name"),
    "claim.name": (lambda v: claim(v), {"text"}, "claim takes a name"),
    "contains.value": (lambda v: contains(v), ALL, ""),
    "one_of.values": (lambda v: one_of(v), ALL, ""),
    "Key.material": (lambda v: Key(v, "HS256"), set(), "the secret for HS256"),
    "Key.algorithm": (lambda v: Key(SECRET, v), set(), "is not one of HS256"),
    "Key.key_id": (lambda v: Key(SECRET, "HS256", v), {"text", "none"}, r"key_id=… takes text"),
    "Key.is_fallback": (
        lambda v: Key(SECRET, "HS256", is_fallback=v),
        {"flag"},
        "is_fallback=… is True",
    ),
    "KeyRing.signing": (lambda v: KeyRing(v), set(), "a KeyRing (takes|needs)"),
    "KeyRing.verifying": (
        lambda v: KeyRing(Key(SECRET, "HS256"), v),
        set(),
        "takes a list|takes Key objects",
    ),
    "Issuer.url": (
        lambda v: Issuer(v, audience="api"),
        set(),
        r"Issuer\(url\): .*https://login.example",
    ),
    "Issuer.audience": (trusted("audience"), {"text", "list"}, r"audience=….* text, or several"),
    "Issuer.client_ids": (
        trusted("client_ids"),
        {"text", "list"},
        "client_ids=….* text, or several",
    ),
    "Issuer.keys": (
        trusted("keys"),
        {"none"},
        "keys=.*takes a JWK set|keys=: the document is no key set, which is",
    ),
    "Issuer.jwks_uri": (trusted("jwks_uri"), {"none"}, r"Issuer\(jwks_uri=….*https://login"),
    "Issuer.algorithms": (trusted("algorithms"), set(), r"Issuer\(algorithms=….*in a list|RS256"),
    "Issuer.cafile": (trusted("cafile"), {"none"}, "cafile=… takes the path of a PEM file"),
    "Issuer.access_when": (
        trusted("access_when"),
        {"mapping", "function"},
        r"access_when=….*condition is 'at\+jwt', a mapping",
    ),
    "Issuer.machine_when": (
        trusted("machine_when"),
        {"mapping", "function"},
        r"machine_when=….*condition is 'at\+jwt', a mapping",
    ),
    "Issuer.subject": (trusted("subject"), {"text"}, "subject=….*name of a claim"),
    "Issuer.subject_prefix": (
        trusted("subject_prefix"),
        {"text"},
        "subject_prefix=… takes a text of at most",
    ),
    "Issuer.scopes": (trusted("scopes"), {"text"}, "scopes=….*name of a claim"),
    "Issuer.roles": (trusted("roles"), {"text", "none"}, "roles=….*name of a claim"),
    "Issuer.claims": (trusted("claims"), {"none", "mapping"}, "claims=….*takes a mapping"),
    "Issuer.requires_jti": (trusted("requires_jti"), {"flag"}, "requires_jti=… is True or False"),
    "Issuer.leeway": (trusted("leeway"), {"none", "number"}, "leeway=… takes seconds from 0 to"),
    "Issuer.max_age": (trusted("max_age"), {"none", "number"}, "max_age=… takes seconds from 0"),
    "Issuer.schema": (trusted("schema"), {"none"}, "schema=….* takes a marshmallow schema"),
    "Issuer.user_loader": (
        trusted("user_loader"),
        {"none", "function", "class"},
        "user_loader=… takes a function of the token",
    ),
    "Issuer.introspection": (trusted("introspection"), {"none"}, "introspection=….*Introspection"),
    "Introspection.endpoint": (
        asked("endpoint"),
        set(),
        r"Introspection\(endpoint\): .*https://login.example",
    ),
    "Introspection.client_id": (asked("client_id"), {"text"}, "client_id=….* text"),
    "Introspection.client_secret": (asked("client_secret"), {"text"}, "client_secret=….* text"),
    "Introspection.cache_seconds": (
        asked("cache_seconds"),
        {"number"},
        "cache_seconds=… takes a number from 0",
    ),
    "Introspection.concurrency": (
        asked("concurrency"),
        {"number"},
        "concurrency=… takes a number",
    ),
    "Introspection.access_when": (
        asked("access_when"),
        {"mapping", "class", "function"},
        r"access_when=….*condition is 'at\+jwt', a mapping",
    ),
    "Issuer.allow_http": (trusted("allow_http"), {"flag"}, "allow_http=… is True or False"),
    "IssuerResolver.find": (
        lambda v: IssuerResolver(v, audience="api"),
        {"function", "class"},
        "IssuerResolver takes a function of a URL",
    ),
    "IssuerResolver.audience": (resolving("audience"), {"text", "list"}, r"audience=….*text, or"),
    "IssuerResolver.user_loader": (
        resolving("user_loader"),
        {"none", "function", "class"},
        r"IssuerResolver\(user_loader=… takes a function of the token",
    ),
    "IssuerResolver.subject_prefix": (
        resolving("subject_prefix"),
        {"text"},
        r"IssuerResolver\(subject_prefix=… takes a text",
    ),
    "IssuerResolver.recheck": (resolving("recheck"), {"number"}, "recheck=… is a number from 0"),
    "IssuerResolver.max_issuers": (
        resolving("max_issuers"),
        {"number"},
        "max_issuers=… is a number from 1",
    ),
    "IssuerResolver.allow_private": (
        resolving("allow_private"),
        {"flag"},
        "allow_private=… is True or False",
    ),
    "Issuer.auth0.domain": (
        lambda v: Issuer.auth0(v, audience="a"),
        {"text"},
        r"Issuer.auth0\(domain\).*'example.eu.auth0.com'",
    ),
    "Issuer.auth0.audience": (
        lambda v: Issuer.auth0("shop.eu.auth0.com", audience=v),
        {"text", "list"},
        "audience=….* text, or several",
    ),
    "Issuer.keycloak.url": (
        lambda v: Issuer.keycloak(v, "shop", audience="a"),
        set(),
        r"Issuer.keycloak\(url\).*'https://login.example.com'",
    ),
    "Issuer.keycloak.realm": (
        lambda v: Issuer.keycloak("https://login.example", v, audience="a"),
        {"text"},
        r"Issuer.keycloak\(realm\).*'shop'",
    ),
    "Issuer.keycloak.audience": (
        lambda v: Issuer.keycloak("https://login.example", "shop", audience=v),
        {"text", "list"},
        "audience=….* text, or several",
    ),
    "Issuer.cognito.region": (
        lambda v: Issuer.cognito(v, "eu-central-1_Ab", client_ids="a"),
        set(),
        r"Issuer.cognito\(region\).*'eu-central-1'",
    ),
    "Issuer.cognito.pool_id": (
        lambda v: Issuer.cognito("eu-central-1", v, client_ids="a"),
        set(),
        r"Issuer.cognito\(pool_id\).*'eu-central-1_AbCdEf123'",
    ),
    "Issuer.cognito.client_ids": (
        lambda v: Issuer.cognito("eu-central-1", "eu-central-1_Ab", client_ids=v),
        {"text", "list"},
        "client_ids=….* text, or several",
    ),
    "Issuer.entra.tenant": (
        lambda v: Issuer.entra(v, audience="a"),
        set(),
        r"Issuer.entra\(tenant\).*'72f988bf-",
    ),
    "Issuer.entra.audience": (
        lambda v: Issuer.entra("72f988bf-0000-4000-8000-2d7cd011db47", audience=v),
        {"text", "list"},
        "audience=….* text, or several",
    ),
    "Issuer.entra.version": (
        lambda v: Issuer.entra("72f988bf-0000-4000-8000-2d7cd011db47", audience="a", version=v),
        set(),
        r"Issuer.entra\(version=….* is 1 or 2",
    ),
    "Issuer.okta.domain": (
        lambda v: Issuer.okta(v, audience="a"),
        {"text"},
        r"Issuer.okta\(domain\).*'example.okta.com'",
    ),
    "Issuer.okta.server": (
        lambda v: Issuer.okta("shop.okta.com", v, audience="a"),
        {"text"},
        r"Issuer.okta\(server\).*'default'",
    ),
    "Issuer.okta.audience": (
        lambda v: Issuer.okta("shop.okta.com", audience=v),
        {"text", "list"},
        "audience=….* text, or several",
    ),
    "IssuedBy.issuers": (lambda v: IssuedBy(v), {"text"}, "IssuedBy takes the URL of a trusted"),
    "auth_blueprint.authenticate": (
        lambda v: auth_blueprint(v),
        {"function"},
        "need a function that returns the user",
    ),
    "auth_blueprint.name": (
        lambda v: auth_blueprint(function, name=v),
        {"text"},
        "name=… takes the blueprint's name",
    ),
    "auth_blueprint.url_prefix": (
        lambda v: auth_blueprint(function, url_prefix=v),
        {"text", "none"},
        "url_prefix=… takes a path",
    ),
    "auth_blueprint.endpoints": (
        lambda v: auth_blueprint(function, endpoints=v),
        set(),
        r"endpoints=… takes a list of names: endpoints=\['login'\]|there is no [ax] among login",
    ),
    "auth_blueprint.fields": (
        lambda v: auth_blueprint(function, fields=v),
        {"none", "list", "mapping"},
        "fields takes a list of names",
    ),
    "auth_blueprint.answer_in": (
        lambda v: auth_blueprint(function, answer_in=v),
        {"none"},
        "answer_in is one of",
    ),
    "auth_blueprint.acr": (
        lambda v: auth_blueprint(function, acr=v),
        {"text", "none"},
        "acr=… takes one text",
    ),
    "auth_blueprint.clients": (
        lambda v: auth_blueprint(function, clients=v),
        {"none"},
        "clients.* takes a mapping",
    ),
    "auth_blueprint.views": (
        lambda v: auth_blueprint(function, views=v),
        {"none"},
        "views=… takes a mapping",
    ),
    "resource_metadata_blueprint.jwt": (
        lambda v: resource_metadata_blueprint(v, Blueprint("mcp", __name__), **METADATA),
        set(),
        "takes the JWTManager first",
    ),
    "resource_metadata_blueprint.blueprints": (
        lambda v: resource_metadata_blueprint(JWTManager(), v, **METADATA),
        set(),
        "takes Blueprints",
    ),
    **{
        f"resource_metadata_blueprint.{name}": (partial(publish, name), fine, expected)
        for name, fine, expected in (
            ("resource", set(), "takes a URL|another scheme|no host"),
            ("authorization_servers", set(), "takes a list of URLs|takes a URL|scheme|no host"),
            ("resource_name", {"text", "none"}, "takes a text"),
            ("resource_documentation", {"none"}, "takes a URL|scheme|no host"),
            ("challenge_scope", {"flag"}, "True or False"),
            ("allow_http", {"flag"}, "True or False"),
        )
    },
    "LoginView.fields": (
        view("fields", LoginView),
        {"list", "mapping"},
        r"V.fields takes a list of names: \['username'",
    ),
    "StepUpView.fields": (
        view("fields", StepUpView),
        {"list", "mapping"},
        "V.fields takes a list of names",
    ),
    "RevocationView.kinds": (
        view("kinds", RevocationView),
        {"list", "mapping"},
        r"V.kinds takes a set of kinds of token: \{'access'\}",
    ),
    "IntrospectionView.kinds": (
        view("kinds", IntrospectionView),
        {"list", "mapping"},
        "V.kinds takes a set of kinds",
    ),
    "RevocationView.clients": (
        view("clients", RevocationView),
        set(),
        "V.clients takes a mapping of client ids to secrets",
    ),
    "ProtectedView.policies": (view("policies"), set(), "V.policies: expected a policy"),
    "ProtectedView.method_policies": (
        view("method_policies"),
        set(),
        "V.method_policies is a mapping|is not a method",
    ),
    "ProtectedView.inherit_policies": (
        view("inherit_policies"),
        {"flag"},
        "V.inherit_policies is True or False",
    ),
    "ProtectedView.transports": (view("transports"), {"none"}, "V: transports takes one"),
    "ProtectedView.csrf": (view("csrf"), {"none", "flag"}, "V: csrf is True or False"),
    "ProtectedView.load_resource": (
        view("load_resource"),
        {"none", "function", "class"},
        "V.load_resource is a function",
    ),
    "SQLiteStore.path": (lambda v: SQLiteStore(v), {"text"}, "SQLiteStore takes a path"),
    "SQLiteStore.timeout": (
        lambda v: SQLiteStore("x", timeout=v),
        {"number", "flag"},
        "timeout=… takes seconds",
    ),
    "SQLiteStore.lost": (lambda v: SQLiteStore("x", lost=v), set(), "lost= is 'accept' or"),
    "HeaderTransport.header": (lambda v: HeaderTransport(v), {"text"}, "the name of a header"),
}


def cases() -> Iterator[Any]:
    for name, (call, taken, _) in TABLE.items():
        for kind in WRONG:
            yield pytest.param(call, kind, kind in taken, TABLE[name][2], id=f"{name}: {kind}")


@pytest.mark.parametrize(("call", "kind", "is_taken", "told"), list(cases()))
def test_a_wrong_argument_is_told_what_was_expected(
    call: Callable[[Any], Any], kind: str, is_taken: bool, told: str
) -> None:
    """K37."""
    if is_taken:
        with suppress(AccessError, SetupError):  # of that type, and wrong otherwise
            call(WRONG[kind])
        return
    with pytest.raises((SetupError, TypeError, ValueError)) as caught:
        call(WRONG[kind])
    assert re.search(told, str(caught.value).replace("…)", "…"), re.DOTALL)


def takers() -> set[str]:
    """Return the names of the policies that can be made, and of the functions beside them."""
    found = set()
    for name in jwtpolicy.__all__:
        value = getattr(jwtpolicy, name)
        is_policy = inspect.isclass(value) and issubclass(value, Policy)
        if is_policy or inspect.isfunction(value):
            found.add(name)
    return found


#: Those that take nothing, or what the table says of another one.
ALIKE = {"KnownUser", "OptionalToken", "Policy", "Public", "Refresh"}


def test_every_policy_and_function_is_in_the_table() -> None:
    tried = {name.partition(".")[0].removesuffix("()") for name in TABLE}

    assert takers() - ALIKE <= tried


#: What is checked where another row checks it, by the beginning of its name; or in the tests of
#: arguments: what may come from a request is refused as a request is.
AS_ANOTHER = (
    "JWTManager.step_up.",
    "JWTManager.issue.",
    "JWTManager.revoke_token_id.",
    "JWTManager.sessions.subject",
    "JWTManager.refresh.token",
    "JWTManager.verify.",
    "JWTManager.set_cookies.domain",
    "JWTManager.unset_cookies.domain",
    "JWTManager.enforce.resource",
    "JWTManager.enforce_async.",
    "JWTManager.explain.described",
)


#: What makes an `Issuer` of a usual provider; ``more`` are arguments of `Issuer`.
PRESETS = ("auth0", "keycloak", "cognito", "entra", "okta")


def parameters() -> Iterator[str]:
    """Yield the parameters of what a manager, a blueprint and keys take."""
    verbs = {f"JWTManager.{name}": verb for name, verb in vars(JWTManager).items()}
    takers = {name: verb for name, verb in verbs.items() if "._" not in name}
    takers |= {"JWTManager": JWTManager.__init__, "auth_blueprint": auth_blueprint}
    takers |= {"resource_metadata_blueprint": resource_metadata_blueprint}
    takers |= {"Key": Key.__init__, "KeyRing": KeyRing.__init__, "Issuer": Issuer.__init__}
    takers |= {f"Issuer.{name}": getattr(Issuer, name) for name in PRESETS}
    for name, taker in takers.items():
        if inspect.isroutine(taker):
            yield from (f"{name}.{one}" for one in inspect.signature(taker).parameters)


def test_every_argument_is_in_the_table() -> None:
    """K37: a new one belongs there."""
    missing = {name for name in parameters() if not name.endswith((".self", ".more"))}
    missing -= TABLE.keys()

    assert {name for name in missing if not name.startswith(AS_ANOTHER)} == set()


def test_protect_without_parentheses_has_no_options() -> None:
    """They would be dropped: the function was guarded, and its places and CSRF were as usual."""
    with pytest.raises(SetupError, match="got the function function; did you forget @policy"):
        protect(function, transports="headers")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        pytest.param(lambda: Owns(), r"Owns\(\) does not fit; write Owns\(name, of=…\)", id="Owns"),  # type: ignore[call-arg]
        pytest.param(lambda: IsSubject(), r"write IsSubject\(name, of=…\)", id="IsSubject"),  # type: ignore[call-arg]
        pytest.param(lambda: Fresh(300), r"Fresh\(300\) does not fit", id="Fresh"),  # type: ignore[call-arg]
        pytest.param(lambda: HasRole(a="b"), r"write HasRole\(\*roles\)", id="HasRole"),  # type: ignore[call-arg]
        pytest.param(
            lambda: ClaimsMatch({}, {}),  # type: ignore[call-arg]
            r"write ClaimsMatch\(claims, absent=…, \*\*names\)",
            id="ClaimsMatch",
        ),
    ],
)
def test_a_call_that_does_not_fit_shows_one_that_does(call: Any, told: str) -> None:
    """K37."""
    with pytest.raises(SetupError, match=told):
        call()


def test_a_type_error_from_within_a_policy_of_ones_own_is_its_own() -> None:
    class Odd(Policy):
        def __init__(self, number: Any) -> None:
            self.number = number + 1

    with pytest.raises(TypeError, match="can only concatenate str"):
        Odd("1")
    with pytest.raises(SetupError, match=r"Odd\(\) does not fit; write Odd\(number\)"):
        Odd()  # type: ignore[call-arg]


@pytest.mark.parametrize("names", [[3], ["username", ""], [None]])
def test_a_list_of_names_holds_names(names: Any) -> None:
    with pytest.raises(SetupError, match="takes a list of names"):
        auth_blueprint(function, endpoints=names)
    with pytest.raises(SetupError, match="takes a list of names"):
        type("V", (LoginView,), {"fields": names, "authenticate": function})


def test_a_schema_is_not_registered_as_a_type_of_users() -> None:
    """`@jwt.claims_for` without a call would have taken the class away."""
    with pytest.raises(SetupError, match=r"@jwt.claims_for\(User\), not <class"):
        JWTManager().claims_for(ClaimSchema)


MISSPELT = [
    ("policy", Access(), "policies"),
    ("polices", [Access(), HasRole("a")], "policies"),
    ("Policies", (Access(),), "policies"),
    ("policies_", Access, "policies"),
    ("policys", policy(lambda access, name: True), "policies"),
    ("police", When(Access()), "policies"),
    ("method_policy", {"GET": Access()}, "method_policies"),
    ("method_polices", {"get": [Access()]}, "method_policies"),
    ("methods_policies", {"delete": Access(), "PURGE": Access()}, "method_policies"),
    ("policy", {"GET": Access()}, "method_policies"),
    ("transport", "headers", "transports"),
    ("transports_", ["headers", "json"], "transports"),
    ("trasnports", HeaderTransport("X-Token"), "transports"),
    ("inherit_policy", False, "inherit_policies"),
    ("methodPolicies", {"GET": Access()}, "method_policies"),
]


@pytest.mark.parametrize(("name", "value", "meant"), MISSPELT)
@pytest.mark.parametrize("is_mixin", [False, True])
def test_a_misspelt_attribute_of_a_view_is_told_its_name(
    name: str, value: Any, meant: str, is_mixin: bool
) -> None:
    """K37."""
    members = {name: value, "get": function, "purge": function, "methods": {"GET", "PURGE"}}
    bases = (type("Mixin", (), members), ProtectedView) if is_mixin else (ProtectedView,)
    with pytest.raises(SetupError, match=rf"\.{name} guards nothing.* did you mean {meant}\?"):
        type("View", bases, {} if is_mixin else members)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("admin_only", HasRole("admin"), id="a policy of another name"),
        pytest.param("_policy", Access(), id="a private one"),
        pytest.param("base_policies", [Access()], id="what heirs put into their lists"),
        pytest.param("common_policies", [Access()], id="the same, by a longer word"),
        pytest.param("write_policies", {"POST": Access()}, id="the same, by methods"),
        pytest.param("default_transports", ["headers"], id="places of another name"),
        pytest.param("policy", "privacy.html", id="text"),
        pytest.param("policies_url", "/policies", id="a path"),
        pytest.param("police", [], id="an empty list"),
        pytest.param("policy", {"GET": "cached"}, id="no policies by method"),
        pytest.param("policy", {"office": Access()}, id="policies by another name"),
        pytest.param("transport", "bus", id="another transport"),
        pytest.param("transport", (), id="no transport"),
        pytest.param("policies", Access(), id="the name itself"),
    ],
)
def test_what_is_no_level_and_no_place_may_have_any_name(name: str, value: Any) -> None:
    assert type("View", (ProtectedView,), {name: value, "get": function})
