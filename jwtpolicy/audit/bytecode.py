"""Find the calls in the bytecode of a function, without running it."""

from __future__ import annotations

import builtins
import dis
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.util import resolve_name
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from werkzeug.local import LocalProxy

from ..extension import JWTManager, current_manager


class Untold(Enum):
    """The type of `UNTOLD`."""

    UNTOLD = "UNTOLD"


#: Marks an object that is unknown before the function runs.
UNTOLD: Final = Untold.UNTOLD

#: Since 3.13 ``PUSH_NULL`` stands behind what is called, and no longer before it.
_NULL_IS_LAST: Final = sys.version_info >= (3, 13)
_SILENT: Final = frozenset({"CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "RESUME"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the code of a function.

    Attributes:
        callee: The object that is called, or `UNTOLD` if only running the code would tell.
        name: The last name by which it is reached; empty where it has none.
        line: The line number in its file.
    """

    callee: object
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that the code of a function can reach, with the objects behind them.

    Attributes:
        code: The bytecode.
        globals: The names of its module.
        cells: The variables of its closure.
        given: The parameters whose objects are known: the instance, and defaults.
    """

    code: CodeType
    globals: Mapping[str, Any]
    cells: Mapping[str, object] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def held(self) -> Iterator[object]:
        """Yield the objects of the closure and of known parameters."""
        yield from self.cells.values()
        yield from self.given.values()

    def nested(self) -> Iterator[Scope]:
        """Yield the scopes of inner functions that are also loaded in it."""
        loaded = {i.argval for i in dis.get_instructions(self.code) if _is_load(i.opname)}
        for const in self.code.co_consts:
            if isinstance(const, CodeType):
                is_used = const.co_name.startswith("<") or const.co_name in loaded
                if is_used:
                    yield Scope(const, self.globals, self.cells)

    def hands_on(self) -> bool:
        """Whether it takes ``*args`` or ``**kwargs`` and makes a call with ``*`` or ``**``."""
        takes_any = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
        operations = (i.opname for i in dis.get_instructions(self.code))
        return bool(self.code.co_flags & takes_any) and "CALL_FUNCTION_EX" in operations

    def calls(self) -> Iterator[Call]:
        """Yield the calls, in the order of the code."""
        return _Reader(self).calls()


def scope_of(function: FunctionType, instance: object = UNTOLD) -> Scope:
    """Return the scope of *function*, a method of *instance* if one is given."""
    code = function.__code__
    cells: dict[str, object] = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:
            cells[name] = UNTOLD
    given: dict[str, object] = dict(function.__kwdefaults__ or {})
    defaults = function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    given.update(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    if positional and instance is not UNTOLD:
        given[positional[0]] = instance
    return Scope(code, function.__globals__, cells, given)


class _Reader:
    """A reader of bytecode that follows names and attributes; all else is `UNTOLD`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._locals = dict(scope.given)
        self._value: object = None
        self._name = ""
        self._line = 0
        self._has_value = self._is_called = False
        self._constants: list[Any] = []
        self._module: object = UNTOLD

    def calls(self) -> Iterator[Call]:
        for step in dis.get_instructions(self._scope.code):
            if step.opname not in _SILENT:
                yield from self._read(step)

    def _read(self, step: dis.Instruction) -> Iterator[Call]:
        operation = step.opname
        if operation in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            is_super = operation == "LOAD_SUPER_ATTR"
            self._move(UNTOLD if is_super else attribute(self._value, step.argval), step)
            self._has_value = True
            if operation == "LOAD_METHOD" or (_NEW_ATTRIBUTES and (step.arg or 0) & 1):
                yield self._call()
        elif operation == "PUSH_NULL":
            yield from self._end(is_over=not _NULL_IS_LAST)
            self._is_called = True
            yield from self._end(is_over=_NULL_IS_LAST)
        elif _is_load(operation):
            was_called = self._is_called and not self._has_value
            if not was_called:
                yield from self._end()
            self._begin(step)
            self._is_called = was_called or (operation == "LOAD_GLOBAL" and bool(step.arg & 1))  # type: ignore[operator] # it has one
        else:
            yield from self._end()
            self._store(step)

    def _begin(self, step: dis.Instruction) -> None:
        name, operation = step.argval, step.opname
        if operation == "LOAD_GLOBAL":
            found = self._scope.globals.get(name, getattr(builtins, name, UNTOLD))
        else:
            found = self._locals.get(name, self._scope.cells.get(name, UNTOLD))
        self._move(found, step)
        self._has_value = True

    def _move(self, value: object, step: dis.Instruction) -> None:
        self._value = value
        self._name = step.argval if isinstance(step.argval, str) else ""
        self._line = (step.positions and step.positions.lineno) or self._line

    def _call(self) -> Call:
        found = Call(self._value, self._name, self._line)
        self._has_value = self._is_called = False
        return found

    def _end(self, *, is_over: bool = True) -> Iterator[Call]:
        if is_over and self._has_value and self._is_called:
            yield self._call()
        if is_over:
            self._has_value = self._is_called = False

    def _store(self, step: dis.Instruction) -> None:
        """Remember the object of a local name, bound by an import inside or by another name."""
        operation = step.opname
        if operation == "LOAD_CONST":
            self._constants = [*self._constants[-1:], step.argval]
            self._value = UNTOLD
        elif operation == "IMPORT_NAME":
            self._import(step.argval)
        elif operation == "IMPORT_FROM":
            self._value = attribute(self._module, step.argval)
            if self._value is UNTOLD:  # ``import a.b as c`` asks ``a`` for ``b``
                self._value = self._module
        elif operation in ("STORE_FAST", "STORE_DEREF"):
            self._locals[step.argval] = self._value
        elif operation not in ("SWAP", "POP_TOP"):
            self._value = UNTOLD

    def _import(self, name: str) -> None:
        level, names = self._constants
        if level:
            name = resolve_name("." * level + name, self._scope.globals["__package__"])
        # Nothing is imported for it: what has not been imported yet has not run.
        self._module = sys.modules.get(name, UNTOLD)
        self._value = self._module if names else sys.modules.get(name.split(".")[0], UNTOLD)


#: Since 3.12 ``LOAD_ATTR`` loads methods too, and a bit of its argument says so.
_NEW_ATTRIBUTES: Final = sys.version_info >= (3, 12)


def _is_load(operation: str) -> bool:
    return operation == "LOAD_GLOBAL" or operation.startswith(("LOAD_FAST", "LOAD_DEREF"))


def attribute(value: object, name: str) -> object:
    """Return an attribute by static lookup; `UNTOLD` where reading it would run code."""
    if value is current_manager:
        value = JWTManager
    if value is UNTOLD or isinstance(value, LocalProxy):
        return UNTOLD
    found = vars(value).get(name, UNTOLD) if isinstance(value, ModuleType) else _static(value, name)
    if isinstance(found, FunctionType) and not isinstance(value, ModuleType):
        return MethodType(found, value)
    return found


def _static(value: object, name: str) -> object:
    found = inspect.getattr_static(value, name, UNTOLD)
    if isinstance(found, staticmethod):
        return found.__func__
    if isinstance(found, classmethod):
        return MethodType(found.__func__, value)
    return UNTOLD if inspect.isdatadescriptor(found) else found
