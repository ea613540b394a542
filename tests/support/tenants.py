"""Offer an application whose tenants have identity providers of their own, as rows in a table."""

from __future__ import annotations

from typing import Any

from jwtpolicy import Issuer, IssuerResolver
from tests.support.issuers import AUDIENCE, issuer

RED, BLUE = "https://login.red.example", "https://login.blue.example"


class Table:
    """The issuers of tenants by their URLs, made anew for each look-up, as of a database.

    Attributes:
        rows: The arguments of each issuer.
        asked: The URLs that were looked up.
        failure: What each look-up raises, or None.
    """

    def __init__(self, *urls: str, **arguments: Any) -> None:
        self.rows: dict[str, dict[str, Any]] = dict.fromkeys(urls, arguments)
        self.asked: list[str] = []
        self.failure: Exception | None = None

    def find(self, url: str) -> Issuer | None:
        """Return the issuer in the row of *url*."""
        self.asked.append(url)
        if self.failure is not None:
            raise self.failure
        row = self.rows.get(url)
        return None if row is None else issuer(url, **row)

    def resolver(self, **arguments: Any) -> IssuerResolver:
        """Return a resolver that looks into this table."""
        return IssuerResolver(self.find, **{"audience": AUDIENCE, **arguments})
