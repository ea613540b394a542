"""Trees nest as deep as Python's stack surely reaches; deeper ones are refused where written."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from copy import copy, deepcopy
from functools import reduce
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import (
    AccessRequest,
    AllOf,
    AnyOf,
    AtLeast,
    HasRole,
    JWTManager,
    Not,
    Policy,
    When,
    protect,
)
from jwtpolicy import policy as as_policy
from jwtpolicy.audit import audit
from jwtpolicy.decision import retold
from jwtpolicy.exceptions import PolicyDefinitionError
from jwtpolicy.policy.closing import close
from tests.support.applications import SECRET

LEAF = HasRole("leaf")

#: What one more step makes of a tree.
STEPS: dict[str, Callable[[Policy, int], Policy]] = {
    "& and | in turn": lambda tree, i: tree & HasRole(f"r{i}") if i % 2 else tree | LEAF,
    "| and & from the left": lambda tree, i: LEAF | tree if i % 2 else HasRole(f"r{i}") & tree,
    "~ of &": lambda tree, i: ~(tree & HasRole(f"r{i}")),
    "Not": lambda tree, i: Not(tree),
    "AtLeast": lambda tree, i: AtLeast(1, tree, LEAF),
    "AllOf and AnyOf of one": lambda tree, i: AllOf(tree) if i % 2 else AnyOf(tree),
    "then": lambda tree, i: When(HasRole(f"r{i}")).then(tree),
    "When": lambda tree, i: When(tree).then(HasRole(f"r{i}")),
}
CHAINS: dict[str, Callable[[Policy, int], Policy]] = {
    "&": lambda tree, i: tree & HasRole(f"r{i}"),
    "& from the left": lambda tree, i: HasRole(f"r{i}") & tree,
    "|": lambda tree, i: tree | HasRole(f"r{i}"),
}


def built(step: Callable[[Policy, int], Policy], times: int) -> Policy:
    return reduce(step, range(times), LEAF)


def deepest(step: Callable[[Policy, int], Policy]) -> Policy:
    """Return the deepest tree that *step* can make."""
    tree, number = LEAF, 0
    try:
        while True:
            tree, number = step(tree, number), number + 1
    except PolicyDefinitionError:
        return tree


#: What can be done with a tree.
USES: dict[str, Callable[[Policy], Any]] = {
    "repr": repr,
    "hash": hash,
    "copy": copy,
    "deepcopy": deepcopy,
    "pickle": lambda tree: pickle.loads(pickle.dumps(tree)),
    "close": lambda tree: repr(close([tree]).policy),
    "explain": lambda tree: tree.evaluate(AccessRequest()).explain(),
    "explain verbosely": lambda tree: tree.evaluate(AccessRequest()).explain(verbose=True),
    "reason": lambda tree: tree.evaluate(AccessRequest()).reason,
    "another reason": lambda tree: retold(
        tree.evaluate(AccessRequest()), "no token was sent", "none"
    ).explain(),
    "repr of a decision": lambda tree: repr(tree.evaluate(AccessRequest())),
    "equal decisions": lambda tree: (
        tree.evaluate(AccessRequest()) == tree.evaluate(AccessRequest())
    ),
}


@pytest.mark.parametrize("times", [1_000, 100_000])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_tree_too_deep_is_refused_with_what_to_write(
    step: Callable[[Policy, int], Policy], times: int
) -> None:
    with pytest.raises(PolicyDefinitionError, match=r"write AllOf\(\*policies\)"):
        built(step, times)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_deepest_tree_can_be_used(step: Any, use: Callable[[Policy], Any]) -> None:
    assert use(deepest(step)) is not None


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_deepest_trees_are_compared(step: Any) -> None:
    tree, again = deepest(step), deepest(step)

    assert tree == again == deepcopy(tree) == pickle.loads(pickle.dumps(tree))
    assert tree != step(LEAF, 1)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_deepest_tree_guards_a_view_and_is_audited(step: Any) -> None:
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager(app)
    app.add_url_rule("/", "it", protect(deepest(step))(lambda: ""))
    row = next(row for row in audit(app).rows if row.endpoint == "it")

    assert row.problem is None or "RecursionError" not in row.problem
    assert app.test_client().get("/").status_code == 401


@pytest.mark.parametrize("step", CHAINS.values(), ids=CHAINS)
def test_a_thousand_of_one_sign_are_one_operator(step: Any) -> None:
    tree = built(step, 1_000)

    assert len(tree.members) == 1_001  # type: ignore[attr-defined]
    assert all(use(tree) is not None for use in USES.values())


@pytest.mark.parametrize("step", CHAINS.values(), ids=CHAINS)
def test_a_row_without_end_is_refused(step: Any) -> None:
    with pytest.raises(PolicyDefinitionError, match="in a row; write A"):
        built(step, 100_000)


def test_any_number_of_negations_takes_turns() -> None:
    assert built(lambda tree, _: ~tree, 100_000) is LEAF


def test_a_list_of_any_length_is_combined_at_once() -> None:
    assert len(AnyOf(*(HasRole(f"r{i}") for i in range(5_000))).members) == 5_000


@as_policy
def is_new(access: AccessRequest) -> bool:
    return access.method == "GET"


@pytest.mark.parametrize(
    "rule", [~LEAF, is_new, AtLeast(1, LEAF), When(LEAF).then(is_new)], ids=repr
)
def test_copies_of_any_policy_are_that_policy(rule: Policy) -> None:
    assert copy(rule) == rule == deepcopy(rule)
    assert repr(deepcopy(rule)) == repr(rule)


def test_a_copy_keeps_no_program_of_the_original() -> None:
    tree = LEAF & is_new
    program = tree.program

    assert copy(tree).program is not program


class Names(Policy, set[str]):
    """One that is a set."""

    def __init__(self, names: Iterable[str]) -> None:
        self.update(names)


def test_copies_hold_what_another_base_holds() -> None:
    assert deepcopy(Names("ab")) >= {"a", "b"}
