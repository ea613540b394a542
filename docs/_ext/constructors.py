"""Show on the line of a class how it is made, and nothing where no reader makes one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Values that the library returns: whoever reads of them never makes one.
RETURNED = {
    "AccessRequest",
    "Audit",
    "Decision",
    "Logout",
    "OpenSession",
    "Row",
    "SessionRecord",
    "Token",
    "TokenPair",
}


class _Shown:
    """A default as a reader would write it: a function by its name, without its address."""

    def __init__(self, default: Any) -> None:
        is_absent = repr(default) in ("NOT_GIVEN", "<marshmallow.missing>")
        self.text = "…" if is_absent else getattr(default, "__name__", None) or repr(default)

    def __repr__(self) -> str:
        return self.text


def constructor_of(cls: type) -> Callable[..., Any] | None:
    """Return what a reader calls to make a *cls*; None where that is nobody's business.

    Of `__init__` and `__new__` the one of the nearest class counts: policies have a `__new__` that
    takes anything, far above the `__init__` that says what they take.
    """
    if issubclass(cls, Enum) or cls.__name__ in RETURNED:
        return None
    for owner in cls.__mro__:
        own = vars(owner)
        made = own.get("__init__") or own.get("__new__")
        if made is not None:
            is_ours = owner.__module__.startswith("jwtpolicy")
            is_repeated = issubclass(cls, Exception) and owner is not cls
            return made if is_ours and not is_repeated else None
    return None


def signature_of(cls: type) -> str:
    """Return the parameters of *cls* as source text, without types."""
    made = constructor_of(cls)
    if made is None:
        return ""
    _, *parameters = inspect.signature(made).parameters.values()
    shown = [_plain(each) for each in parameters if not each.name.startswith("_")]
    return str(inspect.Signature(shown)) if shown else ""


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    empty, default = inspect.Parameter.empty, parameter.default
    shown = default if default is empty else _Shown(default)
    return parameter.replace(annotation=empty, default=shown)


def _on_class_line(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, result: str
) -> tuple[str, str | None] | None:
    if what not in ("class", "exception"):
        return None
    _record_types(app, what, name, obj, options)
    # Sphinx takes no answer about what it has found no signature of.
    return None if signature is None else (signature_of(obj), None)


def _record_types(app: Sphinx, what: str, name: str, obj: Any, options: Any) -> None:
    """Let the description say the types of those parameters that are shown, and no others."""
    from sphinx.ext.autodoc.typehints import record_typehints

    types = app.env.current_document.autodoc_annotations
    types.pop(name, None)
    if made := constructor_of(obj):
        record_typehints(app, what, name, made, options, "", "")
        types.get(name, {}).pop("return", None)


def setup(app: Sphinx) -> dict[str, bool]:
    """Replace the signatures of classes."""
    app.connect("autodoc-process-signature", _on_class_line)
    return {"parallel_read_safe": True}
