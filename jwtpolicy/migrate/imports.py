"""Mend the import statements of a file: what is gone goes, what is new comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from .edits import Change
from .importlines import lines, name_of, with_names
from .names import BRIDGE, own_name
from .nodes import expression, imported_from, module_of
from .oldimports import Old, full_name, old_imports
from .work import Work


def rewrite_imports(work: Work) -> None:
    """Mend the import statements of *work*, when everything else is planned."""
    changed = [old for old in old_imports(work) if old.is_changed]
    on_top = [old for old in changed if old.is_top]
    for old in on_top:
        if isinstance(old.node, cst.ImportFrom):
            _need_kept(work, old)
    _extend_others(work, [old.line for old in on_top])
    made = list(_new_lines(work, on_top))
    for old in changed:
        is_anchor = bool(on_top) and old is on_top[0]
        _mend(work, old, made if is_anchor else [])
    if made and not on_top:
        _insert(work, made)


def _need_kept(work: Work, old: Old) -> None:
    """Have what is still used imported from the bridge."""
    for alias in old.kept:
        module, name = _home(full_name(old.node, alias))
        work.edits.need(module, name, name_of(alias)[1])


def _home(full: str) -> tuple[str, str]:
    """Return from where *full* is imported now, and as what: names of ours stay where they are."""
    own = own_name(full)
    moved = full if own is None else f"{BRIDGE}.{own}".rstrip(".")
    module, _, name = moved.rpartition(".")
    return module, name


def _extend_others(work: Work, changed: Sequence[cst.CSTNode | None]) -> None:
    """Add what is needed to statements that import from the same modules already."""
    for line in work.source.module.body:
        found = imported_from(line)
        if found is None or line in changed or isinstance(found.names, cst.ImportStar):
            continue
        names = work.edits.needed.pop(module_of(found), None)
        if names is not None:
            work.edits.change(line, _extension(module_of(found), names))


def _extension(module: str, names: set[tuple[str, str]]) -> Change:
    return lambda line: with_names(line, module, names)


def _new_lines(work: Work, on_top: Sequence[Old]) -> Iterator[cst.SimpleStatementLine]:
    """Yield the new statements, laid out as the old ones are."""
    counts = [len(old.names) for old in on_top if isinstance(old.node, cst.ImportFrom)]
    one_each = len(counts) > 1 and set(counts) == {1}
    for module, names in sorted(work.edits.needed.items()):
        yield from lines(module, names, one_each=one_each)


def _mend(work: Work, old: Old, made: Sequence[cst.SimpleStatementLine]) -> None:
    """Change one statement, and put new ones before it."""
    is_moved = old.is_top and isinstance(old.node, cst.ImportFrom)
    kept = [] if is_moved else old.kept
    if kept:
        work.edits.change(old.node, lambda node: _with_names(node, kept))
    if old.line is not None:
        work.edits.change(old.line, lambda line: _placed(line, made, stays=bool(kept)))
    elif not kept:
        work.edits.change(old.node, lambda _: cst.RemoveFromParent())


def _placed(
    line: cst.SimpleStatementLine, made: Sequence[cst.SimpleStatementLine], *, stays: bool
) -> cst.FlattenSentinel[cst.SimpleStatementLine] | cst.RemovalSentinel:
    if not made:
        return cst.FlattenSentinel([line]) if stays else cst.RemoveFromParent()
    first = made[0].with_changes(leading_lines=line.leading_lines)
    if not stays:
        first = first.with_changes(trailing_whitespace=line.trailing_whitespace)
    rest = [line.with_changes(leading_lines=[])] if stays else []
    return cst.FlattenSentinel([first, *made[1:], *rest])


def _with_names(
    node: cst.Import | cst.ImportFrom, kept: Sequence[cst.ImportAlias]
) -> cst.Import | cst.ImportFrom:
    """Return a statement that stays where it is, with the names that are still used."""
    if isinstance(node, cst.Import):
        return node.with_changes(names=_last_bare([_renamed(alias) for alias in kept]))
    module, _ = _home(full_name(node, kept[0]))
    return node.with_changes(module=expression(module), names=_last_bare(kept))


def _renamed(alias: cst.ImportAlias) -> cst.ImportAlias:
    """Return what binds the same name to the bridge."""
    name, bound = name_of(alias)
    if own_name(name) is None or name.startswith(BRIDGE):
        return alias
    is_named = alias.asname is not None
    home = ".".join(_home(name)) if is_named else BRIDGE
    asname = cst.AsName(cst.Name(bound if is_named else name.partition(".")[0]))
    return cst.ImportAlias(cst.ensure_type(expression(home), cst.Attribute), asname)


def _last_bare(aliases: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """Return *aliases* without the comma of a name that stood behind the last one."""
    return [*aliases[:-1], aliases[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]


def _insert(work: Work, made: Sequence[cst.SimpleStatementLine]) -> None:
    """Put new statements where none were changed: behind the first imports, or at the top."""
    body = work.source.module.body
    has_docstring = work.source.module.get_docstring() is not None
    above = 1 if has_docstring else 0
    while above < len(body) and _is_import(body[above]):
        above += 1
    if above:
        work.edits.change(body[above - 1], lambda line: cst.FlattenSentinel([line, *made]))
    else:
        first = [cst.EmptyLine(indent=False), *body[0].leading_lines]
        work.edits.change(
            body[0],
            lambda line: cst.FlattenSentinel([*made, line.with_changes(leading_lines=first)]),
        )


def _is_import(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.SimpleStatementLine)
        and len(node.body) == 1
        and isinstance(node.body[0], cst.Import | cst.ImportFrom)
    )
