"""Exceptions become those of this library."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import exceptions
from jwtpolicy.migrate.rules.refusals import _OURS, _PYJWT


@pytest.mark.parametrize(("theirs", "ours"), sorted(_OURS.items()))
def test_an_exception_is_caught_by_its_name_here(migrate: Any, theirs: str, ours: str) -> None:
    found = migrate(
        f"from flask_jwt_extended.exceptions import {theirs}\n"
        f"try:\n    f()\nexcept ({theirs}, KeyError):\n    pass\n"
    )

    assert f"except ({ours}, KeyError):" in found.code
    assert found.imports == [f"from jwtpolicy.exceptions import {ours}"]
    assert hasattr(exceptions, ours)


def test_an_exception_that_is_raised_is_left(migrate: Any) -> None:
    found = migrate("from flask_jwt_extended import exceptions\nraise exceptions.CSRFError('x')\n")

    assert found.imports == ["from jwtpolicy.compat.flask_jwt_extended import exceptions"]
    assert [line for line, text in found.notes if "raise CSRFError of" in text] == [2]


def test_an_exception_that_nobody_knows_is_listed(migrate: Any) -> None:
    found = migrate("from flask_jwt_extended.exceptions import Other\nx = Other\n")

    assert [line for line, text in found.notes if "exceptions.Other is not known" in text] == [2]


@pytest.mark.parametrize(("theirs", "ours"), sorted(_PYJWT.items()))
def test_exceptions_of_pyjwt_are_listed_where_they_are_awaited(
    migrate: Any, theirs: str, ours: str
) -> None:
    """C8, D21."""
    found = migrate(
        f"import jwt\nimport jwtpolicy\ntry:\n    f()\nexcept jwt.{theirs}:\n    g(jwt.{theirs})\n"
        f"@app.errorhandler(jwt.exceptions.{theirs})\ndef f(error): pass\n"
        f"register({theirs}, jwt.{theirs})\n"
    )

    assert [line for line, text in found.notes if f"await {ours} of" in text] == [5, 7]


def test_other_exceptions_are_not_listed(migrate: Any) -> None:
    code = "import jwtpolicy\nimport jwt\ntry:\n    f()\nexcept jwt.{}:\n    pass\n"

    assert migrate(code.format("PyJWKError")).notes == []
    assert migrate("import jwtpolicy\nclass A(KeyError): pass\nraise (A)\n").notes == []
