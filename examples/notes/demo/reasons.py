"""Show a decision: its tree, and the lines of source where its policies were written."""

from __future__ import annotations

import linecache
import re
from typing import Any

from jwtpolicy import Explanation

#: A line of `Decision.explain`: its mark and depth, the outcome, the policy, and the reason.
_LINE = re.compile(
    r"(?P<indent>[> ]*)(?P<outcome>[A-Z_]+|not asked): (?P<policy>.*?)(  \((?P<reason>.*)\))?"
)
#: What this project tells its linter is nothing that a reader of the page needs.
_HINT = re.compile(r"\s*# (noqa|type: ignore).*")
_HEAD = re.compile(r"\s*(async )?def |class ")
_METHOD = re.compile(r"\s+(async )?(def |@)")


def tree_of(found: Explanation) -> list[dict[str, Any]]:
    """Return the lines of the decision's tree, each with its depth and whether it decides."""
    decision = found.decision
    lines = [] if decision is None else decision.explain().splitlines()
    return [
        {
            "depth": len(match["indent"]) // 2,
            "outcome": match["outcome"],
            "policy": match["policy"],
            "reason": match["reason"],
            "decides": ">" in match["indent"],
        }
        for line in lines
        if (match := _LINE.fullmatch(line))
    ]


def source_of(found: Explanation, tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks of source where the levels were written; a decisive line is marked."""
    # Of an admitted request, every policy that has said yes.
    decisive = [line for line in tree if line["decides"] or (found and line["outcome"] == "ALLOW")]
    calls = {line["policy"].partition("(")[0] + "(" for line in decisive}
    # Levels of one class stand in one block.
    levels = {level.where: level for level in found.levels if level.file and level.line}
    return [
        {
            "where": where,
            "baseline": repr(level.policy) if level.source == "baseline" else None,
            "lines": [
                {"text": text, "decides": any(call in text for call in calls)}
                for text in _block(level.file or "", level.line or 0)
            ],
        }
        for where, level in levels.items()
    ]


def _block(file: str, first: int) -> list[str]:
    """Return a decorator with its function's head, a class up to its first method, or one line."""
    lines = linecache.getlines(file)[first - 1 :]
    begin = lines[0].lstrip()
    if begin.startswith("@"):
        end = 1 + next(number for number, line in enumerate(lines) if _HEAD.match(line))
    elif begin.startswith("class "):
        end = next(number for number, line in enumerate(lines) if _METHOD.match(line))
    else:
        end = 1
    shown = (_HINT.sub("", line.rstrip()) for line in lines[:end])
    return [line for line in shown if line]
