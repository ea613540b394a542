"""Checked by mypy and pyright, never run: property tests and contracts of users."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, assert_type

import pytest
from flask import Flask, Request
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from marshmallow import fields

from jwtpolicy import ClaimSchema, HasRole, Policy
from jwtpolicy.testing import TransportContract, strategies
from jwtpolicy.transports import Transport


@dataclass
class User:
    """A user of the application."""

    id: int


class UserClaims(ClaimSchema):
    """The claims of users."""

    sub = fields.String(attribute="id", required=True)


assert_type(strategies.users(UserClaims, User, id=st.integers(1, 9)), SearchStrategy[User])
assert_type(strategies.users(UserClaims), SearchStrategy[SimpleNamespace])
assert_type(strategies.claims(UserClaims), SearchStrategy[dict[str, Any]])
assert_type(strategies.policies([HasRole("admin")]), SearchStrategy[Policy])
assert_type(strategies.policies(strategies.leaves(), max_leaves=4), SearchStrategy[Policy])

app = Flask("drawn")
assert_type(
    strategies.tokens(app, User(1), kinds=["refresh"], fresh=st.booleans(), scope="read"),
    SearchStrategy[str],
)
assert_type(strategies.broken_tokens(app, breakages=["expired"]), SearchStrategy[str])


class FormField(Transport):
    """A field of a form."""

    def read(self, request: Request) -> str | None:
        """Return what stands in it."""
        return request.form.get("token")


class TestFormField(TransportContract):
    """Its contract."""

    @pytest.fixture
    def transport(self) -> FormField:
        """Return the place."""
        return FormField()

    def present(self, encoded: str, kind: str = "access") -> dict[str, Any]:
        """Return what a client sends."""
        return {"data": {"token": encoded}}

    def present_two(self, first: str, second: str) -> None:
        """Return nothing: the place holds one."""
