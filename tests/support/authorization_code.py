"""Log in at an OpenID provider by authorization code with PKCE, as an application does."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar

from tests.services.oidc_provider import Provider

_FORM = re.compile(r'<form [^>]*action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="(\w+)"')


@dataclass(frozen=True)
class Tokens:
    """What a login gives: an access token for an API, and an ID token for the client."""

    access: str
    identity: str


@dataclass(frozen=True)
class CodeFlow:
    """One login of a public client.

    Args:
        provider: Where people log in.
        resource: The API that the access token is for.
        client: The client, which knows no secret.
        redirect_uri: Where the browser is sent with the code.
    """

    provider: Provider
    resource: str
    client: str
    redirect_uri: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def url(self) -> str:
        """Return the address that the browser is sent to."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect_uri,
            "scope": "openid notes:read",
            "resource": self.resource,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.provider.issuer}/auth?{urllib.parse.urlencode(query)}"

    def exchange(self, address: str, *, for_api: bool = True) -> Tokens:
        """Return the tokens for the code of *address*, to which the browser came back.

        Args:
            address: The address, code and all.
            for_api: Whether the access token is for the API; else it is for the provider itself.
        """
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        assert query["state"] == self.state, "this is another login"
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client,
            "redirect_uri": self.redirect_uri,
            "code": query["code"],
            "code_verifier": self.verifier,
            **({"resource": self.resource} if for_api else {}),
        }
        answer = self.provider.ask(f"{self.provider.issuer}/token", form)
        return Tokens(answer["access_token"], answer["id_token"])


def log_in(
    provider: Provider, resource: str, client: str, name: str = "ada", *, for_api: bool = True
) -> Tokens:
    """Log *name* in without a browser, and return the tokens."""
    flow = CodeFlow(provider, resource, client, f"{provider.issuer}/callback")
    return flow.exchange(address_with_code(flow.url, name), for_api=for_api)


def address_with_code(address: str, name: str = "ada") -> str:
    """Return the address to which *name* comes back from the provider's pages."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    form = None
    for _ in range(2):  # the login, and the consent
        with opener.open(address, form, timeout=60) as response:
            text = response.read().decode()
        address = _found(_FORM, text)
        fields = {"prompt": _found(_PROMPT, text), "login": name, "password": "any"}
        form = urllib.parse.urlencode(fields).encode()
    try:
        with opener.open(address, form, timeout=60) as response:
            return str(response.url)
    except urllib.error.HTTPError as error:  # the provider has no page there
        with error:
            return str(error.url)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    assert match, text
    return match[1]
