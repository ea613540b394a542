"""Flask-JWT-Extended's own suite passes through the bridge, and we would notice if it did not."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services import missing

from .comparison import Result, compare
from .figures import absent, figures
from .judging import judge
from .source import PACKAGE, SHA256, SourceMissingError, is_pinned, lay_out, pinned
from .suite import COLLECTED, LENIENT, ORIGINAL, STRICT, Report, Run

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Run the suite three times, once for this module."""
    if not importlib.util.find_spec("dateutil"):
        missing("fje-suite", "python-dateutil, which the suite imports, is not installed")
    try:
        archive = pinned()
    except SourceMissingError as error:
        missing("fje-suite", f"the source distribution cannot be had: {error}")
    found = compare(lay_out(archive, tmp_path_factory.mktemp("fje")))
    return {result.run.name: result for result in found}


def test_the_original_passes_its_own_suite(results: dict[str, Result]) -> None:
    result = results[ORIGINAL.name]

    assert result.complaints == ()
    assert figures(result)[1:6] == ["181", "180", "1", "0", "0"]


@pytest.mark.parametrize("run", [STRICT, LENIENT], ids=lambda run: run.name)
def test_every_case_but_the_listed_passes_through_the_bridge(
    results: dict[str, Result], run: Run
) -> None:
    """S1 and S18 are the listed ones, and only while their switches are off."""
    result = results[run.name]

    assert result.complaints == (), result.report.output
    assert result.report.ended("failed") == result.run.listed


def test_a_case_that_is_taken_off_the_list_fails_the_run(results: dict[str, Result]) -> None:
    original, strict = results[ORIGINAL.name].report, results[STRICT.name].report
    folder = Path(strict.modules[PACKAGE] or "").parent
    name, *others = sorted(STRICT.listed)

    complaints = list(judge(original, strict, frozenset(others), folder))

    assert complaints == [f"{name}: failed, and is not listed"]


CASES = [f"tests/test_{number}.py::test" for number in range(COLLECTED)]
FINE = Report(
    modules={PACKAGE: str(FOLDER / "__init__.py"), f"{PACKAGE}.config": str(FOLDER / "config.py")},
    collected=COLLECTED,
    outcomes={**dict.fromkeys(CASES, "passed"), CASES[-1]: "skipped"},
)


def with_outcomes(**changes: str) -> Report:
    """Return the report with other endings, by the number of the case."""
    outcomes = {CASES[int(number[1:])]: ended for number, ended in changes.items()}
    return replace(FINE, outcomes=FINE.outcomes | outcomes)


def complaints(report: Report, *listed: str, original: Report = FINE) -> list[str]:
    return list(judge(original, report, frozenset(listed), FOLDER))


def test_two_runs_that_are_the_same_are_fine() -> None:
    """The accepted twin of what follows."""
    assert complaints(FINE) == []


def test_a_listed_failure_is_fine_and_an_unlisted_one_is_not() -> None:
    report = with_outcomes(_0="failed", _1="failed")

    assert complaints(report, CASES[0], CASES[1]) == []
    assert complaints(report, CASES[0]) == [f"{CASES[1]}: failed, and is not listed"]


def test_an_unexpected_pass_is_not_fine() -> None:
    assert complaints(FINE, CASES[0]) == [f"{CASES[0]}: listed, but did not fail"]


def test_a_case_that_the_original_fails_needs_no_place_on_the_list() -> None:
    original = with_outcomes(_0="failed")

    assert complaints(original, original=original) == []
    assert complaints(FINE, original=original) == []
    assert len(complaints(original, CASES[0], original=original)) == 1


@pytest.mark.parametrize("ended", ["passed", "failed"])
def test_a_skip_in_one_run_only_is_not_fine(ended: str) -> None:
    last = f"{CASES[-1]}: skipped in one of the two runs only"

    assert last in complaints(with_outcomes(_180=ended))
    assert last in complaints(FINE, original=with_outcomes(_180=ended))


def test_a_skip_in_place_of_a_pass_is_a_failure_too() -> None:
    assert complaints(with_outcomes(_0="skipped")) == [
        f"{CASES[0]}: failed, and is not listed",
        f"{CASES[0]}: skipped in one of the two runs only",
    ]


@pytest.mark.parametrize("name", [PACKAGE, f"{PACKAGE}.config"])
@pytest.mark.parametrize("file", ["/elsewhere/config.py", None])
def test_a_module_from_elsewhere_is_not_fine(name: str, file: str | None) -> None:
    report = replace(FINE, modules={**FINE.modules, name: file})

    assert complaints(report) == [f"{name} came from {file}, not from {FOLDER}"]


def test_a_run_that_did_not_import_the_package_is_not_fine() -> None:
    assert complaints(replace(FINE, modules={})) == [f"{PACKAGE} was not imported"]


def test_a_lost_case_is_not_fine() -> None:
    outcomes = {name: FINE.outcomes[name] for name in CASES[1:]}

    fewer = complaints(replace(FINE, collected=COLLECTED - 1, outcomes=outcomes))
    unrun = complaints(replace(FINE, outcomes=outcomes))

    assert "180 cases were collected, not 181" in fewer
    assert "180 of 181 cases were run" in unrun


def test_a_module_that_the_bridge_lacks_is_named() -> None:
    result = Result(STRICT, FINE)

    assert absent(result, ["config", "tokens"]) == ["tokens"]


def test_another_archive_is_not_taken_for_the_pinned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "flask_jwt_extended-4.7.4.tar.gz"
    kept.write_bytes(b"something else")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    assert not is_pinned(kept)
    with pytest.raises(SourceMissingError):
        pinned(tmp_path)


def test_a_kept_archive_needs_no_package_index(
    results: dict[str, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    assert results
    assert is_pinned(pinned())
    assert len(SHA256) == 64
