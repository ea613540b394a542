"""How a decision prints: as its author wrote the policies, with the refusals that decide marked."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy
from typing import Any

import pytest
from hypothesis import given

from jwtpolicy import (
    Access,
    AccessRequest,
    AllOf,
    Anonymous,
    AnyOf,
    AtLeast,
    Fresh,
    HasRole,
    HasScope,
    Policy,
    Refresh,
    When,
    policy,
)
from jwtpolicy.decision import is_added
from jwtpolicy.policy.closing import close
from jwtpolicy.testing.strategies import policies
from tests.support.desk import guard_decided
from tests.support.strategies import leaves, token


def lines(decision: Any, **how: Any) -> list[str]:
    text: str = decision.explain(**how)
    return text.splitlines()


def test_what_closing_adds_is_hidden() -> None:
    assert lines(guard_decided(HasRole("admin"), roles=[])) == [
        "FORBIDDEN: HasRole('admin') & NotRevoked()",
        "> FORBIDDEN: HasRole('admin')  (role admin is not held; the token has none)",
        "  not asked: NotRevoked()",
    ]


def test_it_is_shown_and_named_where_that_is_asked_for() -> None:
    assert lines(guard_decided(HasRole("admin"), roles=[]), verbose=True) == [
        "FORBIDDEN: HasRole('admin') & Access() & OwnTokens() & NotRevoked()",
        "  ALLOW: Access()  [added]",
        "  ALLOW: OwnTokens()  [added]",
        "> FORBIDDEN: HasRole('admin')  (role admin is not held; the token has none)",
        "  not asked: NotRevoked()",
    ]


def test_what_somebody_wrote_stays_visible() -> None:
    assert lines(guard_decided(Access(), HasRole("a") & Access(), roles=["a"])) == [
        "ALLOW: Access() & HasRole('a') & Access() & NotRevoked()",
        "  ALLOW: Access()",
        "  ALLOW: Access()",
        "  ALLOW: HasRole('a')",
        "  ALLOW: NotRevoked()",
    ]


def test_the_parts_of_an_or_are_shown_as_they_were_written() -> None:
    level = Refresh() | (HasRole("a") & HasScope("b"))
    decision = guard_decided(level, roles=[], scope="c")
    assert lines(decision) == [
        "INVALID_TOKEN: (Refresh() | (HasRole('a') & HasScope('b'))) & NotRevoked()",
        "  INVALID_TOKEN: Refresh() | (HasRole('a') & HasScope('b'))",
        ">   INVALID_TOKEN: Refresh()  (the token is of the kind 'access', asked is 'refresh')",
        "    FORBIDDEN: HasRole('a') & HasScope('b')",
        "      FORBIDDEN: HasRole('a')  (role a is not held; the token has none)",
        "      not asked: HasScope('b')",
        "  ALLOW: NotRevoked()",
    ]


def test_alternatives_that_are_as_hard_decide_together() -> None:
    decision = guard_decided(HasRole("a") | HasRole("b"), roles=["c"])
    marked = [line for line in lines(decision) if line.startswith(">")]
    assert ["HasRole('a')" in marked[0], "HasRole('b')" in marked[-1]] == [True, True]
    assert decision.reason == "role a is not held; held: c; role b is not held; held: c"


def test_of_alternatives_that_differ_the_easiest_decides() -> None:
    decision = guard_decided(Fresh(within=9) | Fresh(within=99), roles=[])
    [marked] = [line for line in lines(decision) if line.startswith(">")]
    assert "Fresh(within=99)" in marked


def test_alternatives_of_at_least_that_are_as_hard_decide_together() -> None:
    rule = AtLeast(2, HasRole("a"), HasRole("b"), HasRole("c"))
    marked = [line for line in lines(guard_decided(rule, roles=["a"])) if line.startswith(">")]
    assert ["HasRole('b')" in marked[0], "HasRole('c')" in marked[-1]] == [True, True]
    assert len(marked) == 2


def test_what_closing_added_is_shown_where_it_alone_refuses() -> None:
    """Nobody would see why a refresh token that has the role is refused."""
    level = (Refresh() & HasScope("s")) | HasRole("a")
    decision = guard_decided(level, kind="refresh", roles=["a"])
    added = "  (the token is of the kind 'refresh', asked is 'access')"
    assert f">     INVALID_TOKEN: Access()  [added]{added}" in lines(decision)


def test_a_level_is_shown_in_its_authors_words() -> None:
    decision = guard_decided(When(HasRole("a")).then(HasScope("b")), roles=["a"])
    assert lines(decision)[0] == (
        "INSUFFICIENT_SCOPE: When(HasRole('a')).then(HasScope('b')) & NotRevoked()"
    )


def test_members_that_were_not_asked_stay() -> None:
    decision = (Anonymous() | HasRole("a")).evaluate(AccessRequest())
    assert lines(decision)[-1] == "  not asked: HasRole('a')"


def test_members_that_closing_added_and_nobody_asked_are_hidden() -> None:
    level = Anonymous() | (Access() & HasRole("a"))
    closed = close([level]).policy
    decision = closed.evaluate(AccessRequest())
    assert not any("OwnTokens" in line for line in lines(decision))
    assert any("OwnTokens" in line for line in lines(decision, verbose=True))


def test_one_line_has_no_mark() -> None:
    decision = HasRole("a").evaluate(AccessRequest(token=token(roles=[])))
    assert lines(decision) == ["FORBIDDEN: HasRole('a')  (role a is not held; the token has none)"]


def test_what_allows_has_no_mark() -> None:
    decision = (HasRole("a") & HasScope("b")).evaluate(
        AccessRequest(token=token(roles=["a"], scope="b"))
    )
    assert not any(line.startswith(">") for line in lines(decision))


def test_of_at_least_two_the_refusal_that_counts_is_marked() -> None:
    rule = AtLeast(2, HasRole("a"), HasScope("b"), Fresh())
    found = lines(rule.evaluate(AccessRequest(token=token(roles=[], scope="c"))))
    marked = [line for line in found if line.startswith(">")]
    assert marked == ["> INSUFFICIENT_SCOPE: HasScope('b')  (scope b is not held; held: c)"]


def test_the_text_of_a_decision_is_its_short_form() -> None:
    decision = guard_decided(HasRole("admin"), roles=[])
    assert str(decision) == decision.explain()
    assert str(decision) != decision.explain(verbose=True)


def test_the_line_of_an_operator_ends_at_eighty_columns_and_its_members_are_whole() -> None:
    rule = AnyOf(*(HasScope(f"department{number}:read") for number in range(40)))
    decision = rule.evaluate(AccessRequest(token=token()))
    first, *rest = lines(decision)
    assert len(first) == 80
    assert first.endswith("…")
    assert not any("…" in line for line in rest)
    assert lines(decision, verbose=True)[0] == f"INSUFFICIENT_SCOPE: {rule!r}"


@policy
def noisy(access: Any) -> Any:
    return access.deny("first\nsecond\x1b[31m")


class Odd(Policy):
    def decide(self, access: Any) -> bool:
        return False

    def __repr__(self) -> str:
        return "Odd(\n)"


def test_no_reason_and_no_name_breaks_a_line() -> None:
    decision = AllOf(noisy, Odd()).evaluate(AccessRequest(token=token()))
    assert lines(decision) == [
        r"FORBIDDEN: noisy & Odd(\n)",
        r"> FORBIDDEN: noisy  (first\nsecond\x1b[31m)",
        r"> FORBIDDEN: Odd(\n)  (it returned False)",
    ]


@pytest.mark.parametrize("is_all", [True, False])
def test_a_tree_of_a_thousand_nodes_is_explained(is_all: bool) -> None:
    pairs = [HasRole(f"r{number}") & HasScope(f"s{number}") for number in range(340)]
    rule = AllOf(*pairs) if is_all else AnyOf(*pairs)
    decision = guard_decided(rule, roles=[], scope="x")
    assert len(lines(decision)) > 600
    assert len(lines(decision, verbose=True)) >= len(lines(decision))


def test_a_closed_level_equals_what_it_would_be_without_a_note_of_its_author() -> None:
    closed = close([HasRole("a") | Refresh()]).policy
    for twin in (copy(closed), deepcopy(closed), pickle.loads(pickle.dumps(closed))):
        assert twin == closed
        assert hash(twin) == hash(closed)


def test_closing_leaves_the_authors_objects_as_they_were() -> None:
    level = ~~Anonymous()
    before = dict(vars(level))
    close([level, Access() & HasRole("a")])
    assert vars(level).keys() - before.keys() <= {"jwtpolicy.program", "jwtpolicy.identity"}
    assert guard_decided(Access()).explain().count("Access()") == 2


@given(level=policies(leaves()))
def test_whatever_refuses_marks_a_line_of_the_same_outcome(level: Any) -> None:
    decision = close([level]).policy.evaluate(AccessRequest(token=token()))
    found = lines(decision)
    marked = [line for line in found if line.startswith(">")]
    if decision or len(found) == 1:
        assert marked == []
    else:
        assert marked
        assert all(line[1:].split(":")[0].strip() == decision.outcome.name for line in marked)


def test_a_part_of_a_closed_policy_that_is_written_again_is_no_longer_added() -> None:
    closed = close([HasRole("admin")]).policy
    access = next(part for part in closed.members if isinstance(part, Access))

    again = close([access & HasRole("clerk")]).policy

    assert "  [added]" not in again.evaluate(AccessRequest()).explain()
    assert is_added(access)
    assert not any(is_added(part) for part in again.members if isinstance(part, Access))
