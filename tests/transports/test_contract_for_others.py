"""A place of one's own inherits the contract; where it breaks a promise, that test fails."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Places that break a promise each: the name of its test, how they read, and what a client sends.
BROKEN = {
    "a_request_without_a_token_presents_none": (
        'return request.headers.get("X-Token", "")',
        '{"headers": {"X-Token": encoded}}',
        "None",
    ),
    "reading_twice_is_reading_once": (
        "return request.stream.read().decode() or None",
        '{"data": encoded}',
        "None",
    ),
    "no_request_is_served_with_the_token_of_another": (
        'self.last = request.headers.get("X-Token", getattr(self, "last", None)); return self.last',
        '{"headers": {"X-Token": encoded}}',
        "None",
    ),
    "what_is_no_token_is_refused_whatever_it_is": (
        'found = request.headers.get("X-Token", ""); return found if "." in found else None',
        '{"headers": {"X-Token": encoded}}',
        "None",
    ),
    "two_tokens_are_refused": (
        'return request.form.get("token")',
        '{"data": {"token": encoded}}',
        '{"data": {"token": [first, second]}}',
    ),
    "what_is_malformed_is_refused_and_never_taken_for_nothing": (
        'return request.headers.get("X-Token", "").removeprefix("Key ") or None',
        '{"headers": {"X-Token": f"Key {encoded}"}}',
        "None",
    ),
    "no_request_is_an_error_of_the_place": (
        'int(request.environ.get("CONTENT_LENGTH", "0")); return request.form.get("token")',
        '{"data": {"token": encoded}}',
        "None",
    ),
    "what_stands_in_a_cookie_is_ambient": (
        'return request.cookies.get("token")',
        '{"headers": {"Cookie": f"token={encoded}"}}',
        "None",
    ),
    "no_cache_keeps_an_answer_to_what_it_cannot_tell_apart": (
        'return request.args.get("token")',
        '{"query_string": {"token": encoded}}',
        "None",
    ),
}

CLASSES = """

class {name}(Transport):
    def read(self, request):
        {read}


class Test{name}(TransportContract):
    @pytest.fixture
    def transport(self):
        return {name}()

    def present(self, encoded, kind="access"):
        return {present}

    def present_two(self, first, second):
        return {present_two}

    def malformed(self):
        return [{{"headers": {{"X-Token": "Key "}}}}]
"""

HEAD = """
import pytest

from jwtpolicy.testing import TransportContract
from jwtpolicy.transports import Transport
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what pytest prints of the broken places, each asked for its own promise."""
    folder = tmp_path_factory.mktemp("broken")
    classes = [
        CLASSES.format(name=name, read=read, present=present, present_two=present_two)
        for name, (read, present, present_two) in BROKEN.items()
    ]
    (folder / "test_own.py").write_text("".join([HEAD, *classes]), encoding="utf-8")
    asked = " or ".join(f"(Test{promise} and test_{promise})" for promise in BROKEN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    run = subprocess.run(
        [*command, "-k", asked], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.stdout


@pytest.mark.parametrize("promise", BROKEN)
def test_a_broken_promise_is_named(output: str, promise: str) -> None:
    assert f"FAILED test_own.py::Test{promise}::test_{promise}" in output


def test_a_failing_comparison_shows_both_sides(output: str) -> None:
    assert "AssertionError: assert '' is None" in output
