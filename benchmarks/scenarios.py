"""The requests that are compared: one entry each, with the goal for what jwtpolicy may add."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from werkzeug.test import TestResponse

from . import credentials
from .credentials import Credential
from .goals import Duration, Goal, Share
from .keys import make_keys
from .measuring import Batches, Contest, Figures, measured, repeated, requesting
from .systems import PROTECTED, Bare, Ours, Setup, System


class UnexpectedAnswerError(Exception):
    """A system answers something else than the scenario is about."""


@dataclass(frozen=True)
class Scenario:
    """One kind of request, sent to every system in turn.

    Attributes:
        name: What ``--only`` calls it.
        title: What the table calls it.
        goal: What the figure of `Ours` has to stay below.
        sends: What the request presents.
        path: Which view it asks for.
        method: Its method.
        status: What protected systems answer.
        refuses_bad: Whether they answer as to a token that is not valid, each in its way.
        setup: What the applications have.
        base: Whose time is subtracted from that of every system.
        base_setup: What the application of *base* has.
        systems: Which systems take part, beside *base*.
        algorithm: That of the tokens.
        is_used_up: Whether every request needs a token of its own.
    """

    name: str
    title: str
    goal: Goal
    sends: Credential = credentials.token
    path: str = "/plain"
    method: str = "GET"
    status: int = 200
    refuses_bad: bool = False
    setup: Setup = Setup.PLAIN
    base: type[System] = Bare
    base_setup: Setup = Setup.PLAIN
    systems: tuple[type[System], ...] = PROTECTED
    algorithm: str = "HS256"
    is_used_up: bool = False

    @property
    def unit(self) -> str:
        return "µs"

    @property
    def is_let_in(self) -> bool:
        """Whether protected systems let the request in."""
        return self.status == 200 and not self.refuses_bad

    def expected(self, system: System) -> int:
        """Return the status with which *system* has to answer."""
        if isinstance(system, Bare):
            return 200
        return system.refusal if self.refuses_bad else self.status

    def headers(self, system: System) -> credentials.Headers:
        """Return the headers of a request to *system*."""
        return {} if isinstance(system, Bare) else self.sends(system)

    def asked(self, system: System) -> TestResponse:
        """Send one request to *system* and return its answer."""
        client = system.app.test_client(use_cookies=False)
        return client.open(self.path, method=self.method, headers=self.headers(system))

    @contextmanager
    def built(self) -> Iterator[list[System]]:
        """Build the base and then the systems, all with the same keys; close them at the end."""
        keys = make_keys(self.algorithm)
        with ExitStack() as stack:
            systems = [self.base(keys, self.base_setup)]
            systems += [system(keys, self.setup) for system in self.systems]
            for system in systems:
                stack.callback(system.close)
            yield systems

    @contextmanager
    def contest(self) -> Iterator[Contest]:
        """Build what is timed.

        Raises:
            UnexpectedAnswerError: A system answers something else than is expected: then there
                is nothing to compare.
        """
        with self.built() as systems:
            for system in systems:
                self._check(system)
            base, *entries = map(self._batches, systems)
            yield Contest(
                base, dict(zip([system.name for system in systems[1:]], entries, strict=True))
            )

    def figures(self, rounds: int) -> Figures:
        """Time the contest over so many *rounds*."""
        with self.contest() as contest:
            return measured(contest, rounds)

    def _check(self, system: System) -> None:
        status = self.asked(system).status_code
        if status != self.expected(system):
            msg = f"{self.name}: {system.name} answers {status}, not {self.expected(system)}"
            raise UnexpectedAnswerError(msg)

    def _batches(self, system: System) -> Batches:
        make_headers = partial(self.headers, system)
        if not self.is_used_up:
            make_headers = partial(dict, make_headers())
        return requesting(system.app.wsgi_app, self.method, self.path, make_headers)


class Issuing(Scenario):
    """Issuing one access token; a request only checks that such tokens are accepted."""

    def _batches(self, system: System) -> Batches:
        return repeated(partial(_issue, system))


def _issue(system: System) -> str:
    with system.app.app_context():
        return system.issue()


@dataclass(frozen=True)
class BesideIssuers(Scenario):
    """A request to an application that trusts three others, over one to the same without them."""

    setup: Setup = Setup.TRUSTING
    base: type[System] = Ours
    systems: tuple[type[System], ...] = (Ours,)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("header", "header", Share(0.135)),
    Scenario("user", "header, user loader", Share(0.17), setup=Setup.USERS),
    Scenario("tree", "fresh & (scope | scope) & ~claim", Share(0.175), path="/tree"),
    Scenario("full", "tree and user", Share(0.19), path="/tree", setup=Setup.USERS),
    Scenario(
        "cookie",
        "cookie and CSRF, POST",
        Share(0.16),
        credentials.cookies,
        method="POST",
        setup=Setup.COOKIES,
    ),
    Scenario("page", "page with current_user", Share(0.20), path="/page", setup=Setup.USERS),
    Scenario(
        "typed",
        "9-claim schema, over none",
        Duration(4),
        setup=Setup.SCHEMA,
        base=Ours,
        base_setup=Setup.CLAIMS,
        systems=(Ours,),
    ),
    Scenario("missing", "no token", Share(0.67), credentials.nothing, status=401),
    Scenario(
        "hundred", "no token, 100 scopes", Duration(30), credentials.nothing, "/hundred", status=401
    ),
    Scenario("garbage", "garbage", Share(0.56), credentials.garbage, refuses_bad=True),
    Scenario(
        "signature", "bad signature", Share(0.155), credentials.bad_signature, refuses_bad=True
    ),
    Scenario("expired", "expired", Share(0.155), credentials.expired, status=401),
    Scenario("forgery", "8 kB forgery", Share(0.043), credentials.forgery, refuses_bad=True),
    Scenario(
        "optional", "anonymous, optional view", Share(0.41), credentials.nothing, path="/optional"
    ),
    Scenario("login", "login", Share(0.58), credentials.nothing, path="/login", method="POST"),
    Scenario(
        "refresh",
        "refresh with rotation",
        Share(0.45),
        credentials.refresh_token,
        path="/refresh",
        method="POST",
        is_used_up=True,
    ),
    Issuing("issue", "issue, HS256", Duration(11)),
    Issuing("issue-ES256", "issue, ES256", Duration(31), algorithm="ES256"),
    Issuing("issue-RS256", "issue, RS256", Duration(225), algorithm="RS256"),
    Scenario("header-RS256", "header, RS256", Share(0.193), algorithm="RS256"),
    Scenario("header-ES256", "header, ES256", Share(0.363), algorithm="ES256"),
    Scenario("header-EdDSA", "header, EdDSA", Share(0.423), algorithm="EdDSA"),
    BesideIssuers("own-beside-issuers", "own token, HS256", Duration(1)),
    BesideIssuers(
        "foreign-RS256",
        "another issuer's, RS256",
        Duration(5),
        credentials.foreign_token,
        path="/theirs",
        algorithm="RS256",
    ),
    BesideIssuers(
        "unknown-kid",
        "unknown kid, RS256",
        Duration(0),
        credentials.unknown_key,
        refuses_bad=True,
        algorithm="RS256",
    ),
    BesideIssuers(
        "unknown-iss",
        "unknown iss, RS256",
        Duration(0),
        credentials.unknown_issuer,
        refuses_bad=True,
        algorithm="RS256",
    ),
)
