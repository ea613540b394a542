"""The page "What a request costs" shows what was measured, all of it, and says nothing else."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from sphinx.application import Sphinx

from benchmarks import servers
from benchmarks.rows import ROWS
from benchmarks.systems import PROTECTED
from jwtpolicy import exceptions
from jwtpolicy.app import bound_app
from jwtpolicy.guards import enforcement
from jwtpolicy.issuers import foreign_claims, found_issuers, remembered_answers
from jwtpolicy.keys import fetch_budget, fetch_limits, fetching, remote_set
from jwtpolicy.schemas import user_values
from jwtpolicy.tokens import verifier
from tests.support.paths import DOCS

sys.path.insert(0, str(DOCS / "_ext"))

import performance  # the folder of Sphinx's extensions is no package

PAGE = (DOCS / "understand" / "performance.rst").read_text(encoding="utf-8")
FIGURES = json.loads((DOCS / "performance" / "figures.json").read_text(encoding="utf-8"))
SERVERS = json.loads((DOCS / "performance" / "servers.json").read_text(encoding="utf-8"))
MEASURED = {row["name"]: row for row in FIGURES["rows"]}
SYSTEMS = [system.name for system in PROTECTED]

ROW: dict[str, Any] = {
    "name": "a",
    "title": "one, two",
    "unit": "µs",
    "base": 39.04,
    "added": {"flask-jwt-extended": 1234.5, "jwtpolicy": 12.34},
    "shares": {"flask-jwt-extended": 1.0, "jwtpolicy": 0.0123},
}


def added(row: str, system: str) -> float:
    """Return what *system* adds to the base of a row."""
    return float(MEASURED[row]["added"][system])


def base(row: str) -> float:
    return float(MEASURED[row]["base"])


def test_the_figures_are_those_of_the_benchmarks_rows() -> None:
    measured = [(row["name"], row["title"], row["unit"]) for row in FIGURES["rows"]]

    assert measured == [(row.name, row.title, row.unit) for row in ROWS]


def test_the_page_shows_every_row() -> None:
    shown = " ".join(re.findall(r"^ *\.\. costs:: (.+)$", PAGE, re.MULTILINE)).split()

    assert set(shown) == set(MEASURED)


def test_every_compared_system_has_a_column_and_is_explained() -> None:
    header, *_ = performance.costs(FIGURES, "header")
    explained = re.findall(r"^- \*([^*]+)\*", PAGE, re.MULTILINE)

    assert list(performance.SYSTEMS) == SYSTEMS
    assert header == ["what", "base", *explained]


def test_a_row_says_what_is_added_and_its_share_of_the_reference() -> None:
    assert list(performance.costs({"rows": [ROW]}, "a")) == [
        ["what", "base", "Flask-JWT-Extended", "jwtpolicy, memory"],
        ["one, two (µs)", "39.0", "1,234", "12.3 (0.01)"],
    ]


def test_what_is_counted_has_no_share_and_what_is_missing_no_cell() -> None:
    other = {**ROW, "name": "b", "unit": "objects", "added": {"jwtpolicy": 8.0}}

    *_, cells = performance.costs({"rows": [ROW, other]}, "a b")

    assert cells == ["one, two (objects)", "39.0", "", "8.0"]


def test_the_goals_of_developers_are_not_shown() -> None:
    shown = [cell for row in performance.costs(FIGURES, " ".join(MEASURED)) for cell in row]

    assert not re.search(r"\b(goal|ok|miss|limit)\b", " ".join(shown) + PAGE)


def test_the_servers_are_those_of_the_benchmark() -> None:
    assert [row["worker"] for row in SERVERS["rows"]] == list(servers.WORKERS)
    assert all(list(row["kept"]) == list(servers.SYSTEMS) for row in SERVERS["rows"])


def test_a_kind_of_worker_has_a_row_with_the_shares_that_are_kept() -> None:
    kept = dict.fromkeys(SYSTEMS, 0.754)

    heading, *rows = performance.servers({"rows": [{"worker": "sync", "kept": kept}]})

    assert heading == ["worker", *performance.SYSTEMS.values()]
    assert rows == [["sync", "0.75", "0.75", "0.75", "0.75"]]


@pytest.mark.parametrize("data", [FIGURES, SERVERS], ids=["figures", "servers"])
def test_the_page_says_on_what_was_measured(data: dict[str, Any]) -> None:
    said = performance.measured_on(data)

    assert said.startswith(f"{data['machine']['cpu']}, {data['machine']['cores']} cores, ")
    assert f"; python {data['versions']['python']}, flask {data['versions']['flask']}, " in said
    assert said.endswith(f"; {data['rounds']} rounds.")


def test_the_directives_insert_tables_and_the_machine(tmp_path: Path) -> None:
    """A text of the page's kind is built, so that what is inserted can be read."""
    shutil.copytree(DOCS / "performance", tmp_path / "performance")
    source = ".. costs:: first\n\n.. servers::\n\n.. measured-on:: servers\n"
    (tmp_path / "index.rst").write_text(source, encoding="utf-8")
    settings = {"extensions": ["performance"]}
    out = tmp_path / "out"

    Sphinx(tmp_path, None, out, out, "text", settings, None, None, warningiserror=True).build()

    built = (out / "index.txt").read_text(encoding="utf-8")
    assert MEASURED["first"]["title"] in built
    assert "gthread" in built
    assert f"wrk {SERVERS['versions']['wrk']}" in " ".join(built.split())


# What the prose says in words; it has no figures.


@pytest.mark.parametrize(
    ("row", "least", "most"),
    [
        pytest.param("header", 0.28, 0.39, id="about a third"),
        *((row, 0, 1) for row in ("missing", "hundred", "garbage", "signature", "expired")),
        pytest.param("forgery", 0, 0.1, id="less than a tenth"),
        pytest.param("login", 2, 3, id="more than twice as much"),
    ],
)
def test_the_first_sentences_are_true_of_the_default_store(
    row: str, least: float, most: float
) -> None:
    assert least < MEASURED[row]["shares"]["jwtpolicy, SQLite"] < most


def test_jwtpolicy_in_memory_adds_less_than_decoding_by_hand() -> None:
    assert added("header", "jwtpolicy") < added("header", "hand-written")


def test_refusals_leave_no_more_than_a_view_without_a_guard() -> None:
    cycles = [row for name, row in MEASURED.items() if name.startswith("cycles")]

    assert {row["added"]["jwtpolicy"] - row["base"] for row in cycles} == {0}
    assert MEASURED["bodies"]["added"]["jwtpolicy"] <= 1


@pytest.mark.parametrize("row", ["login", "refresh"])
def test_writing_to_the_file_is_most_of_what_logins_and_refreshes_cost(row: str) -> None:
    assert added(row, "jwtpolicy") < added(row, "jwtpolicy, SQLite") / 2


def test_parsing_an_rsa_key_for_each_token_takes_long() -> None:
    assert added("issue-RS256", "flask-jwt-extended") > 10 * added("issue-RS256", "jwtpolicy")


def test_algorithms_are_in_the_order_that_the_page_says() -> None:
    hs256, rs256, *slower = (
        added(f"header{suffix}", "jwtpolicy") for suffix in ("", "-RS256", "-ES256", "-EdDSA")
    )
    signing = [added(f"issue{suffix}", "jwtpolicy") for suffix in ("", "-ES256", "-RS256")]

    assert hs256 < rs256 < min(slower)
    assert signing == sorted(signing)


def test_a_server_makes_the_guard_weigh_less() -> None:
    base, cost = MEASURED["header"]["base"], added("header", "jwtpolicy")

    assert all(row["kept"]["jwtpolicy"] > base / (base + cost) for row in SERVERS["rows"])


def test_a_compiled_schema_hardly_counts() -> None:
    assert added("typed", "jwtpolicy") < added("header", "jwtpolicy") / 2


def test_rules_add_little_and_an_optional_token_that_is_absent_hardly_costs() -> None:
    header = added("header", "jwtpolicy")

    assert added("tree", "jwtpolicy") < 1.5 * header
    assert added("optional", "jwtpolicy") < header / 2


def test_trusting_others_adds_nothing_to_own_tokens_and_little_to_theirs() -> None:
    assert abs(added("own-beside-issuers", "jwtpolicy")) < 0.05 * base("own-beside-issuers")
    assert 0 < added("foreign-RS256", "jwtpolicy") < 0.1 * base("foreign-RS256")


@pytest.mark.parametrize("row", ["unknown-kid", "unknown-iss"])
def test_a_token_with_an_unknown_key_or_issuer_is_cheaper_than_a_bad_signature(row: str) -> None:
    assert added(row, "jwtpolicy") < 0


def test_every_cache_has_the_bound_that_the_page_says() -> None:
    """KEY-6: in the order of the table, which has a row for each."""
    bounds = re.findall(r"^     - ([\d,]+)$", PAGE, re.MULTILINE)

    assert [int(bound.replace(",", "")) for bound in bounds] == [
        verifier._MAX_HEADERS,
        remote_set.MAX_KEYS,
        remembered_answers.MAX_ANSWERS,
        found_issuers.MAX_UNKNOWN,
        exceptions._MAX_TOLD,
        enforcement.MAX_CLOSED,
        bound_app._MAX_INNER_PLANS,
        user_values._is_always_user.cache_parameters()["maxsize"],
        fetching._default_context.cache_parameters()["maxsize"],
        foreign_claims._dropped.cache_parameters()["maxsize"],
    ]


@pytest.mark.parametrize(
    "said",
    [
        f"{fetch_limits.MAX_BODY:,} bytes",
        f"{remembered_answers.MAX_BYTES:,} bytes",
        f"every {fetch_budget.COOL_DOWN:.0f} seconds",
        "three times in a row",
    ],
)
def test_the_page_says_how_much_is_fetched_and_kept(said: str) -> None:
    assert fetch_budget.BURST == 3
    assert said in " ".join(PAGE.split())


def test_without_a_token_a_hundred_rules_cost_like_one() -> None:
    assert added("hundred", "jwtpolicy") < 2 * added("missing", "jwtpolicy")
