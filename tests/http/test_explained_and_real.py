"""What is explained of a request is what becomes of it, in an application of many frameworks."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import Verdict
from tests.support.harbour import PERSONAS, REQUESTS, Harbour

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful")


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


@pytest.mark.parametrize("persona", PERSONAS)
def test_the_real_answer_is_the_explained_one_in_every_cell(harbour: Harbour, persona: str) -> None:
    told: dict[str, Any] = {}
    real: dict[str, Any] = {}

    for method, path in REQUESTS:
        explanation = harbour.explain(method, path, persona)
        told[f"{method} {path}"] = (bool(explanation), explanation.status, explanation.challenge)
        assert harbour.ran == []
        real[f"{method} {path}"] = harbour.answered(method, path, persona)

    assert told == real


def test_every_verdict_but_unknown_is_met(harbour: Harbour) -> None:
    cells = [(*request, persona) for request in REQUESTS for persona in PERSONAS]

    met = {harbour.explain(*cell).verdict for cell in cells}

    assert met == set(Verdict) - {Verdict.UNKNOWN}
    assert harbour.ran == []
