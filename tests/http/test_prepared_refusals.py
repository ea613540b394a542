"""What is prepared for refusals says, byte for byte, what would be made for each of them."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import Decision, Outcome
from jwtpolicy import exceptions as errors
from jwtpolicy.exceptions import AccessError

CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, AccessError) and found is not AccessError
]
TEXT = st.text("abc \u00e9", max_size=5)


@st.composite
def refusals(draw: st.DrawFn) -> AccessError:
    """Return a refusal with whatever can be said of one."""
    error = draw(st.sampled_from(CLASSES))(draw(st.none() | TEXT))
    error.scheme = draw(st.sampled_from(["Bearer", "DPoP"]))
    error.realm = draw(st.sampled_from(["api", "shop"]))
    error.resource_metadata = draw(st.sampled_from([None, "https://example.com/meta"]))
    error.asked_scope = draw(st.sampled_from([None, "read", "read write"]))
    error.parameters = draw(st.dictionaries(st.sampled_from(["scope", "max_age"]), st.just("1")))
    error.retry_after = draw(st.none() | st.integers(0, 9))
    return error


@given(refusals())
def test_what_is_remembered_is_what_would_be_made(error: AccessError) -> None:
    first, again = error.response, error.response

    for response in (first, again):
        assert response.get_data() == error.get_body().encode() + b"\n"
        assert dict(response.headers) == {
            **dict(error.get_headers()),
            "Content-Length": str(len(first.get_data())),
        }
        assert response.status_code == error.code


def test_a_class_of_the_applications_own_says_what_it_says_now() -> None:
    class TeaError(errors.AccessDeniedError):
        @property
        def body(self) -> dict[str, str]:
            return {"error": str(next(numbers))}

    numbers = iter(range(9))
    error = TeaError()

    assert [error.response.get_data() for _ in range(2)] == [
        b'{"error": "0"}\n',
        b'{"error": "1"}\n',
    ]


def test_answers_that_differ_each_time_do_not_fill_the_memory() -> None:
    for seconds in range(2 * errors._MAX_TOLD):
        assert errors.RateLimitedError(retry_after=seconds).response.headers["Retry-After"] == str(
            seconds
        )

    assert len(errors._TOLD) <= errors._MAX_TOLD


@pytest.fixture
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests have filled the memory with."""
    monkeypatch.setattr(errors, "_TOLD", {})


@pytest.mark.usefixtures("_nothing_told")
def test_equal_numbers_are_told_as_they_are_written() -> None:
    waits: list[Any] = [7001, 7001.0, 1, True]
    told = []
    for wait in waits:
        error = errors.RateLimitedError()
        error.retry_after = wait
        told.append(error.response.headers["Retry-After"])

    assert told == ["7001", "7001.0", "1", "True"]


@pytest.mark.parametrize(("seconds", "told"), [(4.2, "5"), (5.0, "5"), (5, "5"), (0.0, "0")])
def test_a_wait_is_told_in_whole_seconds(seconds: float, told: str) -> None:
    """RFC 9110 section 10.2.3; a clock says fractions, and less than the wait is too early."""
    error = errors.RateLimitedError(retry_after=seconds)

    assert error.response.headers["Retry-After"] == told


class Scopes(str, Enum):  # noqa: UP042 # a StrEnum is formatted as its text
    """Scopes as many applications have them."""

    READ = "read:prepared"


@pytest.mark.usefixtures("_nothing_told")
def test_a_member_of_an_enumeration_is_told_to_nobody_else() -> None:
    for scope in (Scopes.READ, "read:prepared"):
        error = errors.InsufficientScopeError(parameters={"scope": scope})

        assert f'scope="{scope}"' in error.response.headers["WWW-Authenticate"]


def test_a_description_that_is_no_text_is_told_too() -> None:
    error = errors.CSRFError()
    error.description = {"en": "no", "de": "nein"}  # type: ignore[assignment]

    assert error.response.get_json()["error_description"] == {"en": "no", "de": "nein"}


def test_an_application_can_put_another_decision_into_an_error() -> None:
    error = errors.AccessDeniedError()
    error.decision = Decision(Outcome.FORBIDDEN, "written elsewhere")

    assert error.decision.policy == "written elsewhere"
