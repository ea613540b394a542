"""What a web application that logs users in at the tests' provider has in its environment."""

from __future__ import annotations

import secrets

from tests.services.oidc_provider import SITE, Provider


def environment_of_site(provider: Provider) -> dict[str, str]:
    """Return the settings of the example; at its ``SITE_URL`` the provider answers 404."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "OIDC_CLIENT_ID": SITE[0],
        "OIDC_CLIENT_SECRET": SITE[1],
        "OIDC_SERVER_METADATA_URL": provider.discovery,
        "SITE_URL": f"http://localhost:{provider.port}",
    }
