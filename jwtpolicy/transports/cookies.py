"""Read tokens from cookies, and write and erase them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from flask import Request, current_app, has_request_context, request
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from ..clock import Clock
from ..exceptions import ConfigurationError, InvalidRequestError, IssueError
from ..settings import CookieShape, readers
from ..settings.readers import read_setting
from ..tokens.jose import encoded_object, unverified_claims
from .base import NamedByKind, Presented

#: Bytes of a cookie, with its name and attributes, that every browser keeps
#: (RFC 6265 section 6.1).
MAX_COOKIE: Final = 4096

#: Where blueprints leave the paths that their endpoints want the refresh cookie at, as a set in
#: ``app.extensions``.
REFRESH_PATHS: Final = "jwtpolicy.refresh_paths"


class CookieTransport(NamedByKind):
    """A cookie for each kind of token; one object reads, writes and erases it.

    Args:
        shapes: The names, paths and attributes of the cookies, by kind.
        domain: Their domain, or None for the host alone.
        secure: Whether browsers send them over HTTPS only.
        partitioned: Whether browsers keep separate cookies for each site that embeds this one.
        csrf_in_cookies: Whether scripts can read the CSRF values from cookies.
        clock: A function that returns the time.
    """

    name = "cookies"
    is_ambient: ClassVar[bool] = True

    def __init__(
        self,
        shapes: Mapping[str, CookieShape],
        *,
        domain: str | None,
        secure: bool,
        partitioned: bool,
        csrf_in_cookies: bool,
        clock: Clock,
    ) -> None:
        super().__init__({kind: shape.name for kind, shape in shapes.items()})
        self._shapes = shapes
        self._starts = {kind: f"{shape.name}=" for kind, shape in shapes.items()}
        self._domain = domain
        self._secure = secure
        self._partitioned = partitioned
        self._csrf_in_cookies = csrf_in_cookies
        self._clock = clock

    def presented(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        header = request.environ.get("HTTP_COOKIE")
        if not header:
            return []
        found = []
        for kind in kinds:
            start = self._starts.get(kind)
            if start is not None and start in header and (value := _only(_values(header, start))):
                found.append(Presented(value, self, kind))
        return found

    def each(self, request: Request, kinds: Sequence[str]) -> list[Presented]:
        header = request.environ.get("HTTP_COOKIE", "")
        return [
            Presented(value, self, kind)
            for kind in kinds
            if (start := self._starts.get(kind))
            for value in dict.fromkeys(map(_plain, _values(header, start)))
            if value
        ]

    def write(self, response: Response, encoded: str, *, domain: str | None = None) -> None:
        """Set the cookies of a token that was just issued, until its ``exp``.

        Raises:
            IssueError: It is too long for a browser, or no setting says to which path it is sent.
            ConfigurationError: The name of the cookie does not allow *domain*.
        """
        claims = unverified_claims(encoded)
        shape = self._shape_of(claims)
        expires = claims.get("exp")
        max_age = None if expires is None else max(0, int(expires - self._clock()))
        cookie = self._dumped(shape.name, encoded, shape, domain, max_age, is_hidden=True)
        if len(cookie) > MAX_COOKIE:
            raise IssueError(_too_long(cookie, shape, claims))
        response.headers.add("Set-Cookie", cookie)
        if self._csrf_in_cookies and "csrf" in claims:
            value = claims["csrf"]
            cookie = self._dumped(shape.csrf_name, value, shape, domain, max_age, is_hidden=False)
            response.headers.add("Set-Cookie", cookie)

    def erase(self, response: Response, *, domain: str | None = None) -> None:
        """Unset the cookies of all kinds, as they were set (COOKIE-3); raises what `write` does."""
        for shape in self._shapes.values():
            placed = _placed(shape)
            if placed.path is not None:
                for name, is_hidden in ((placed.name, True), (placed.csrf_name, False)):
                    cookie = self._dumped(name, "", placed, domain, 0, is_hidden=is_hidden)
                    response.headers.add("Set-Cookie", cookie)

    def is_written(self, response: Response, kind: str) -> bool:
        """Whether *response* sets or unsets the cookie of *kind* already."""
        start = f"{self.names[kind]}="
        return any(cookie.startswith(start) for cookie in response.headers.getlist("Set-Cookie"))

    def _shape_of(self, claims: Mapping[str, Any]) -> CookieShape:
        kind = claims.get("type")
        shape = self._shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            msg = f"tokens of the kind {kind!r} have no cookie; set JWT_<KIND>_COOKIE_NAME"
            raise IssueError(msg)
        placed = _placed(shape)
        if placed.path is None:
            msg = (
                "a refresh cookie needs a narrow path: register one auth_blueprint, which gives it "
                "its own, or set JWT_REFRESH_COOKIE_PATH to the path of the endpoints that take "
                "it, such as '/auth', or set the access token's cookie alone: "
                "jwt.set_cookies(response, pair.access_token)"
            )
            raise IssueError(msg)
        return placed

    def _dumped(
        self,
        name: str,
        value: str,
        shape: CookieShape,
        domain: str | None,
        max_age: int | None,
        *,
        is_hidden: bool,
    ) -> str:
        domain = self._domain_of(name, domain)
        cookie = dump_cookie(
            name,
            value,
            max_age=max_age,
            path=shape.path if is_hidden else "/",
            domain=domain,
            secure=self._secure,
            httponly=is_hidden,
            samesite=shape.samesite,
            max_size=0,
        )
        return f"{cookie}; Partitioned" if self._partitioned else cookie

    def _domain_of(self, name: str, given: str | None) -> str | None:
        """Return the domain of a cookie: the settings', or that of the call; "" is none.

        Raises:
            ConfigurationError: It is none, or one with which browsers drop the cookie: RFC 6265bis
                section 4.1.3.2, ``__Host-`` demands that there is no domain (COOKIE-2).
        """
        if given is None:
            return self._domain
        if not given:
            return None
        domain = read_setting("domain=", given, readers.domain)
        if name.lower().startswith("__host-"):
            msg = (
                f"the cookie {name} cannot have the domain {domain}; set JWT_COOKIE_DOMAIN, with "
                "which cookies are called __Secure-…, or name all of them yourself"
            )
            raise ConfigurationError(msg)
        return str(domain)


def _placed(shape: CookieShape) -> CookieShape:
    """Return *shape* with its path as browsers see it: that of the settings, else the blueprint's.

    Browsers see what the server has mounted the application at, too: ``SCRIPT_NAME``, which
    `ProxyFix` takes from ``X-Forwarded-Prefix``.
    """
    if shape.path == "/":
        return shape
    root = request.script_root if has_request_context() else ""
    if shape.path is not None:
        # Who has written the prefix into the setting, has meant the whole path.
        is_whole = f"{shape.path}/".startswith(f"{root}/")
        return shape if is_whole else shape._replace(path=root + shape.path)
    paths = current_app.extensions.get(REFRESH_PATHS, ())
    if len(paths) != 1:
        return shape
    # Where no server says where the application is mounted, its setting may.
    root = root or current_app.config["APPLICATION_ROOT"].rstrip("/")
    return shape._replace(path=root + next(iter(paths)))


def _values(header: str, start: str) -> list[str]:
    """Return all values of a cookie in a header (:rfc:`6265#section-4.2.1`).

    Args:
        header: The header.
        start: The name of the cookie and ``=``.
    """
    values = []
    for part in header.split(";"):
        before, found, value = part.partition(start)
        if found and not before.strip(" \t"):
            values.append(value)
    return values


def _only(values: list[str]) -> str | None:
    """Return the one value; an empty one is what is left of a cookie that was unset.

    Raises:
        InvalidRequestError: There are two, and nobody knows which of them is a stranger's
            (HTTP-4).
    """
    if len(values) > 1:
        msg = "a cookie was sent twice"
        raise InvalidRequestError(msg)
    return _plain(values[0]) if values else None


def _plain(value: str) -> str:
    """Return the value of a cookie without the quotes that may stand around it."""
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _too_long(cookie: str, shape: CookieShape, claims: Mapping[str, Any]) -> str:
    sizes = {name: len(encoded_object({name: value})) for name, value in claims.items()}
    biggest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:3]
    listed = ", ".join(f"{name} ({sizes[name]})" for name in biggest)
    return (
        f"the {shape.kind} cookie has {len(cookie)} bytes, browsers keep {MAX_COOKIE}; "
        f"its biggest claims: {listed}"
    )
