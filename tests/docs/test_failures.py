"""Each row of the page of failures has tests that find it true, and this is where."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from tests.support.paths import ROOT, TESTS

PAGE = TESTS.parent / "docs" / "operate" / "failures.rst"

HEAD = "what fails"
#: What others log, in texts of their own: SQLite's, PostgreSQL's.
OF_OTHERS = {
    "database is locked",
    "database or disk is full",
    "too many clients",
    "unable to open database file",
}

#: How a row begins, and the tests of its sentences: the file, and the names in it.
ROWS = {
    "The store's server is down": "machines/test_faults.py test_a_server_that_dies_in_the",
    "The server accepts": "machines/test_faults.py test_a_server_that_hangs_is_503_in_time",
    "The resolver does not": """stores/test_in_time.py test_a_resolver_that_is_dead
        test_hosts_that_say_nothing test_an_answer_that_does_not_end test_so_is_one_within_libpq
        stores/sqlalchemy/test_in_time.py test_the_second_host_is_asked""",
    "All connections are": """machines/test_faults.py test_a_pool_that_is_exhausted_is_503_in_time
        stores/sqlalchemy/test_faults.py test_a_pool_has_five_connections_and_ten_more
        stores/sqlalchemy/test_in_time.py test_waiting_for_the_pool_and_for_the_answer""",
    "The application holds": "stores/sqlalchemy/test_sharing.py test_an_application_that_holds_all",
    "A store of your own": "http/test_stores_of_applications.py test_every_path_is_503_while_the",
    "The database takes no more": "stores/sqlalchemy/test_faults.py test_a_database_that_takes_no",
    "The server stops while": "machines/test_interruptions.py test_after_a_retry_all_is_as_without",
    "A worker is killed after": "machines/test_faults.py test_a_process_that_dies_in_the_middle_of",
    "Redis is full, with": "stores/redis/test_lost.py test_a_full_server_still_answers",
    "Redis is full, and": """stores/redis/test_lost.py test_a_server_that_evicts_forgets
        test_a_server_that_may_evict_is_not_asked
        stores/redis/test_going_back.py test_a_server_that_may_evict_by_now""",
    "Redis cuts the connection": """stores/redis/test_near_cache.py test_a_line_that_was_cut
        test_after_a_moment_another_line_is_opened""",
    "Redis comes back empty": """stores/redis/test_lost.py test_a_server_that_comes_back_empty
        test_a_new_login_is_good_after_a_loss""",
    "The SQLite file is deleted": """unit/stores/test_sqlite_connections.py
        test_a_reader_notices_within_a_second http/test_lost_files.py test_a_logged_out_token_and
        unit/stores/test_going_back.py test_a_file_that_is_moved_away""",
    "An older copy is put back": """support/stores/going_back.py test_what_was_ended_since_the_copy
        test_one_who_noticed_tells_all_others test_the_log_says_so_once
        unit/stores/test_going_back.py test_by_default_an_older_copy_is_believed
        stores/sqlalchemy/test_going_back.py test_by_default_an_older_dump_is_believed""",
    "The tables of the database": "stores/sqlalchemy/test_going_back.py test_tables_that_are_new",
    "The store's file or tables": """http/test_lost_files.py test_a_file_of_an_older_version_is_503
        stores/sqlalchemy/test_upgrade.py test_old_tables_are_refused_with_the_remedy
        stores/redis/test_upgrade.py test_what_is_older_is_an_outage""",
    "The issuer's server is down": """issuers/test_key_server_faults.py
        test_without_any_keys_it_is_503 test_with_known_keys_their_tokens_are_let_in_as_before
        keys/test_remote_keys.py test_keys_that_cannot_be_fetched_again_are_used_for_a_day
        test_a_failure_is_logged_once_for_each_cool_down_and_so_is_its_end""",
    "The issuer signs with": """issuers/test_provider.py
        test_a_key_that_signs_before_it_was_published_is_fetched
        issuers/test_key_server_faults.py test_unknown_keys_lead_to_three_fetches_in_a_row
        keys/test_remote_keys.py test_ten_thousand_unknown_keys_are_three_fetches""",
    "The issuer withdraws": """issuers/test_provider.py
        test_a_key_that_is_published_no_longer_is_dropped_with_the_next_fetch
        keys/test_remote_keys.py test_after_its_lifetime_the_set_is_fetched_while_requests_use_it
        test_a_set_of_a_day_is_fetched_again_before_it_is_used_for_longer""",
    "The issuer publishes": """issuers/test_key_server_faults.py
        test_a_published_secret_signs_nothing""",
    "A machine's clock": """unit/stores/test_sqlite.py test_a_clock_that_is_ahead_erases
        stores/sqlalchemy/test_faults.py test_a_clock_that_is_ahead_erases""",
    "A Redis Cluster loses a node, the": """stores/redis/test_failures.py
        test_a_cluster_without_a_node_answers_for_the_others test_a_sentinel_names_who_took_over
        stores/redis/test_primary.py test_a_primary_whose_replicas_are_gone""",
    "A Redis Cluster loses a node that": "stores/redis/test_failures.py test_a_cluster_that_lost_a",
    "A replica is lost": """stores/redis/test_failures.py test_a_replica_that_is_lost_takes
        stores/redis/test_primary.py test_a_primary_whose_replicas_are_gone""",
    "A primary that the": "stores/redis/test_primary.py test_a_replaced_primary_that_goes_on_lets",
    "No majority": "stores/redis/test_primary.py test_whoever_sees_no_majority_lets_nobody_in",
    "A server forks": "machines/test_forks_in_c.py test_an_sqlite_file_that_was_open_while_it",
    "SQLite is locked": "machines/test_faults.py test_a_long_writer_of_sqlite_stops_changes_only",
    "The disk is full": "stores/sqlalchemy/test_full_disk.py test_a_full_disk_refuses_changes",
    "The SQLite file or": "http/test_lost_files.py test_a_file_that_cannot_be_opened_is_503",
    "A deadlock": """stores/sqlalchemy/test_faults.py test_the_loser_of_a_deadlock_tries_again
        test_a_conflict_that_does_not_end_is_503""",
    "Two machines' clocks": """http/test_leeway.py test_a_fresh_token_passes_on_the_next_machine
        test_another_machine_may_be_ahead""",
    "The application's user loader": """http/test_what_an_application_breaks.py
        test_what_a_hook_breaks http/test_hook_answers.py test_what_a_user_loader_cannot_mean
        test_what_authenticate_cannot_mean http/test_raising.py test_what_a_user_loader_raised""",
    "``authenticate`` raises": """http/test_what_an_application_breaks.py
        test_what_a_hook_of_a_view_raises_is_an_outage
        test_an_answer_that_a_hook_of_a_view_raises_is_the_answer
        test_what_a_view_of_ones_own_raises_is_its_own""",
    "A ``post_load``": """http/test_hook_answers.py test_nothing_is_signed_that_reads_back
        test_a_token_that_reads_as_no_user_is_refused""",
    "A key ring": """http/test_what_an_application_breaks.py test_what_a_key_ring_breaks
        http/test_hook_answers.py test_what_is_no_key_signs_nothing""",
    "The folder of the keys": """http/test_changing_keys.py test_a_folder_that_is_gone_changes
        test_without_any_key_tokens_are_refused
        unit/test_key_folder.py test_a_file_that_becomes_bad_keeps_its_key""",
    "A policy of": "http/test_what_an_application_breaks.py test_what_a_hook_breaks",
    "A revocation check": "http/test_what_an_application_breaks.py test_what_a_hook_breaks",
    "The signing key": """http/test_grace.py test_a_kept_pair_whose_key_is_gone_is_503
        test_a_repetition_after_the_signing_key_became_a_fallback""",
    ":data:`JWT_STORE_TIMEOUT` is": "unit/stores/test_deadlines.py test_a_store_that_hangs_is",
    "A refusal is never": "unit/stores/test_caching.py test_refusals_and_refresh_tokens_are_asked",
}


@pytest.fixture(scope="module")
def cells(site: Path) -> list[list[Tag]]:
    """Return the cells of all rows of the page."""
    html = (site / "operate/failures.html").read_text(encoding="utf-8")
    rows = BeautifulSoup(html, "html.parser").select("table.failures tbody tr")
    return [row.select("td") for row in rows]


@cache
def texts() -> str:
    """Return every text in the code of the library, also the parts of those that are filled in."""
    trees = (ast.parse(path.read_text("utf-8")) for path in (ROOT / "jwtpolicy").rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n".join(node.value for node in nodes if isinstance(node.value, str))


def is_logged(text: str) -> bool:
    """Whether the code has this text, but for what it puts in at the end."""
    said = re.sub(r"(: …|: [A-Z]\w+Error| revoked)$", "", text)
    return all(part in OF_OTHERS or part in texts() for part in said.split(": "))


def test_every_failure_says_how_one_sees_it_and_what_one_does(cells: list[list[Tag]]) -> None:
    """No cell is empty: a gate of tests/docs/test_rendered.py."""
    assert {len(row) for row in cells} == {4}
    assert len(cells) == len(ROWS) - 2


def test_what_one_sees_is_what_the_library_logs(cells: list[list[Tag]]) -> None:
    seen = [code.get_text() for row in cells for code in row[2].select("code")]
    texts = [text for text in seen if " " in text and not text.startswith("flask ")]

    assert len(texts) > 20
    assert [text for text in texts if not is_logged(text)] == []


@pytest.mark.parametrize(
    "page",
    ["monitor", "troubleshooting", "backup-and-upgrade", "deploy", "../howto/tokens-of-others"],
)
def test_what_other_pages_let_one_look_for_is_logged(page: str) -> None:
    source = (PAGE.parent / f"{page}.rst").read_text(encoding="utf-8")
    found = re.findall(r"``((?:the|a|nbf|went)\s[^`]+)``", source)

    assert found
    assert [text for text in found if not is_logged(" ".join(text.split()))] == []


@pytest.mark.parametrize("text", ["the token store cannot be asked", "database is full"])
def test_what_nobody_logs_is_noticed(text: str) -> None:
    assert not is_logged(text)


def test_every_row_of_the_page_is_named_here() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [row for row in re.findall(r"^   \* - (.*)", text, re.MULTILINE) if row != HEAD]
    rows += [
        line
        for line in text.split("\n")
        if line.startswith((":data:`JWT_STORE_TIMEOUT", "A refusal"))
    ]

    assert [row for row in rows if not row.startswith(tuple(ROWS))] == []
    assert [row for row in ROWS if not any(found.startswith(row) for found in rows)] == []


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_are_there(row: str) -> None:
    for word in ROWS[row].split():
        if word.endswith(".py"):
            text = (TESTS / word).read_text(encoding="utf-8")
        else:
            assert word in text, f"{row}: {word}"
