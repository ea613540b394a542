"""What is measured is what is said, with a clock that the calls themselves move."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import credentials
from benchmarks.goals import Amount, Duration, Goal, LikeBare, Share
from benchmarks.leftovers import HeldBodies, Leftovers
from benchmarks.measuring import CALLS, Contest, Figures, measured, repeated
from benchmarks.rows import ROWS, Result
from benchmarks.scenarios import SCENARIOS
from benchmarks.starting import Start
from benchmarks.table import heading, line


class Watch:
    """A timer that is moved by calls."""

    now = 0.0
    calls = 0

    def __call__(self) -> float:
        return self.now

    def taking(self, microseconds: float) -> Callable[[], None]:
        """Return a call that takes so long."""

        def call() -> None:
            self.calls += 1
            self.now += microseconds / 1e6

        return call


def test_an_entry_is_charged_with_what_it_takes_more_than_the_base() -> None:
    watch = Watch()
    base, entry = repeated(watch.taking(40)), repeated(watch.taking(65))

    figures = measured(Contest(base, {"ours": entry}), 5, watch)

    assert figures.base == pytest.approx(40)
    assert figures.added == {"ours": pytest.approx(25)}


def test_what_is_slow_is_called_less_often() -> None:
    slow, quick = Watch(), Watch()
    for watch, taken in ((slow, 30_000), (quick, 10)):
        measured(Contest(repeated(watch.taking(taken)), {}), 3, watch)

    assert (slow.calls, quick.calls) == (3 + 3, 2 + CALLS + 3 * CALLS)


@pytest.mark.parametrize(
    ("goal", "limit", "printed"),
    [
        (Share(0.5), 50, "0.5"),
        (Duration(4), 8, "4 µs"),
        (Amount(6, "MB"), 6, "6 MB"),
        (LikeBare(), 10, "as bare"),
    ],
    ids=["share", "duration", "amount", "like bare"],
)
def test_a_goal_is_a_limit_for_this_run(goal: Goal, limit: float, printed: str) -> None:
    row = Start("some", "some", goal, "importing")  # type: ignore[arg-type] # any goal will do
    figures = Figures(10, {"flask-jwt-extended": 100, "jwtpolicy": 1})

    assert Result(row, figures, pace=2).limit == pytest.approx(limit)
    assert str(goal) == printed


@pytest.mark.parametrize(("taken", "is_reached"), [(4.3, True), (4.5, False)])
def test_a_goal_is_missed_by_what_is_more_than_a_tenth_above_it(
    taken: float, is_reached: bool
) -> None:
    row = Start("some", "some", Duration(4, "ms"), "importing")
    result = Result(row, Figures(0, {"jwtpolicy": taken}), pace=1)

    assert result.is_reached is is_reached
    assert line(result).endswith("ok" if is_reached else "miss")
    assert result.to_json()["is_reached"] is is_reached


def test_the_table_has_shares_of_flask_jwt_extended() -> None:
    figures = Figures(39, {"flask-jwt-extended": 1380, "jwtpolicy": 276})
    result = Result(SCENARIOS[0], figures, pace=1)

    cells = line(result).split("  ")

    assert [cell.strip() for cell in cells if cell.strip()] == [
        "header (µs)",
        "39.0",
        "-",
        "1,380",
        "276 (0.20)",
        "-",
        "186 (0.135)",
        "miss",
    ]
    assert "flask 3" in heading(1)


def test_every_row_has_a_name_and_a_title_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len({row.title for row in ROWS}) == len(ROWS)


def test_objects_in_cycles_are_counted_for_every_system() -> None:
    figures = Leftovers("some", "some", credentials.garbage).figures(1)

    assert figures.base == figures.added["flask-jwt-extended"]
    assert figures.added["jwtpolicy"] >= figures.base


def test_bodies_are_counted_while_they_are_held() -> None:
    figures = HeldBodies("some", "some", credentials.nothing, Amount(5, "MB"), "MB").figures(1)

    assert (figures.base, figures.added["flask-jwt-extended"]) == (0, 0)
    assert figures.added["jwtpolicy"] < 400
