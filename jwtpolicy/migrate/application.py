"""The parsed files of one application: references, settings, demands and hindrances."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self

from .configured import Setting, reads_elsewhere, settings_in
from .demands import Demands
from .files import Unusable, found, read
from .names import ORIGINAL, is_reference, own_name
from .source import Note, Source, is_tail

#: Files in which none of these stand have nothing to do with tokens.
_WORDS: Final = ("flask_jwt_extended", "jwtpolicy", "JWT_", "_loader")


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to one of Flask-JWT-Extended's names in the source.

    Attributes:
        node: The name, or the attribute of the module.
        name: Its name in Flask-JWT-Extended.
        call: The call of it; None where it is used as a value.
    """

    node: ast.Name | ast.Attribute
    name: str
    call: ast.Call | None


@dataclass(slots=True)
class File:
    """One file of the application, with its references, settings, demands and hindrances.

    Attributes:
        source: The file.
        references: The uses of Flask-JWT-Extended's names.
        settings: The settings that it writes.
        demands: The demands of its guards.
        hindrances: The code that a person has to change before anything is rewritten.
    """

    source: Source
    encoding: str
    references: list[Reference]
    settings: list[Setting]
    demands: Demands
    hindrances: set[Note] = field(default_factory=set)

    def hinder(self, node: ast.AST, text: str) -> None:
        """Add a hindrance: a person has to change *node*, and nothing is rewritten before."""
        self.hindrances.add(Note(getattr(node, "lineno", 1), text))

    def of(self, *names: str) -> Iterator[Reference]:
        """Yield the uses of some names."""
        return (reference for reference in self.references if reference.name in names)


class Application:
    """The files that are rewritten together.

    Args:
        paths: Files and folders.
        shown: Yields its argument's items, and may show the progress.

    Attributes:
        files: The files that may concern tokens.
        errors: The files that cannot be read or parsed, with the reasons.
    """

    def __init__(
        self, paths: Sequence[str], shown: Callable[[Iterable[str]], Iterator[str]] = iter
    ) -> None:
        self.errors: list[tuple[str, str]] = []
        self.files: list[File] = []
        for name in shown(found(paths)):
            try:
                self._add(name, *read(name))
            except Unusable as error:
                self.errors.append((name, str(error)))

    @classmethod
    def of(cls, texts: Sequence[tuple[str, str]]) -> Self:
        """Return an application made of pairs of name and text, without reading files."""
        application = cls(())
        for name, text in texts:
            application._add(name, text, "utf-8")
        return application

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """The settings that the files write, by key; of several the last."""
        return {setting.key: setting for f in self.files for setting in f.settings}

    def _add(self, name: str, text: str, encoding: str) -> None:
        # Whoever imports what another file hands on names neither library.
        source = Source(name, text)
        references = list(_references(source))
        settings = list(settings_in(source)) if any(word in text for word in _WORDS) else []
        guards = [(r.node, r.call) for r in references if r.name in GUARDS]
        demands = Demands(source, guards)
        self.files.append(File(source, encoding, references, settings, demands))

    @property
    def is_concerned(self) -> bool:
        """Whether it uses Flask-JWT-Extended, the bridge or this library at all."""
        packages = (ORIGINAL, "jwtpolicy")
        return any(m.split(".")[0] in packages for f in self.files for m in f.source.modules)

    @cached_property
    def has_optional(self) -> bool:
        """Whether a guard lets requests without a token in."""
        return any(file.demands.has_optional for file in self.files)

    @cached_property
    def has_native_manager(self) -> bool:
        """Whether a manager of this library is made."""
        return any(any(native_managers(file.source)) for file in self.files)

    @cached_property
    def reads_elsewhere(self) -> bool:
        """Whether settings are also read from a file or the environment, which is not analysed."""
        return any(reads_elsewhere(file.source) for file in self.files)

    @cached_property
    def has_refresh_claims(self) -> bool:
        """Whether refresh tokens are made with claims of their own."""
        return any(
            keyword.arg == "additional_claims"
            for file in self.files
            for reference in file.of("create_refresh_token")
            if reference.call is not None
            for keyword in reference.call.keywords
        )

    def registers(self, loader: str) -> bool:
        """Whether a function is registered as *loader*."""
        return loader in self._attributes

    @cached_property
    def _attributes(self) -> set[str]:
        nodes = (node for file in self.files for node in file.source.nodes)
        return {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    def is_star_imported(self, source: Source) -> bool:
        """Whether another file imports all names of *source*."""
        return any(is_tail(module, source.dotted) for module in self._star_imported)

    @cached_property
    def _star_imported(self) -> set[str]:
        modules = {module for file in self.files for module in file.source.modules}
        return {module[: -len(".*")] for module in modules if module.endswith(".*")}

    def is_handed_on(self, origin: str | None) -> bool:
        """Whether *origin*, a name of another file, is one of Flask-JWT-Extended's."""
        module, _, name = (origin or "").rpartition(".")
        return any(is_tail(module, dotted) for dotted in self._handed_on.get(name, ()))

    @cached_property
    def _handed_on(self) -> dict[str, list[str]]:
        """The files that import a name of Flask-JWT-Extended, by the name."""
        found: dict[str, list[str]] = defaultdict(list)
        for file in self.files:
            for name, bindings in file.source.bindings[file.source.tree].items():
                if any(own_name(binding.origin) for binding in bindings):
                    found[name].append(file.source.dotted)
        return found


def native_managers(source: Source) -> Iterator[ast.AST]:
    """Yield the calls that make managers of this library."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and source.origin(node.func) == "jwtpolicy.JWTManager":
            yield node


GUARDS: Final = ("jwt_required", "verify_jwt_in_request")


def _references(source: Source) -> Iterator[Reference]:
    if not any(own_name(module) is not None for module in source.modules):
        return
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            name = own_name(source.origin(node))
            if name is not None and is_reference(name):
                parent = source.parent(node)
                call = parent if isinstance(parent, ast.Call) and parent.func is node else None
                yield Reference(node, name, call)
