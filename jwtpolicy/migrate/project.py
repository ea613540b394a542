"""Know what the files of an application know of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from .demands import Demands
from .facts import Facts, Manager


@dataclass(frozen=True, slots=True)
class Offer:
    """A manager that other files can import.

    Attributes:
        file: Where it is made.
        line: On which line, counted from 1.
        module: The dotted name of that file, with all folders from the root.
        name: What it is called there.
    """

    file: str
    line: int
    module: str
    name: str


class Project:
    """The files that are rewritten together.

    Args:
        files: Those that may have to do with tokens.
        imported: What any file imports, in full.

    Attributes:
        is_concerned: Whether they are about JSON Web Tokens at all.
        has_optional: Whether a guard among them lets requests without a token in.
        has_native: Whether one of them makes a manager of this library already.
        settings: The keys that are set somewhere.
        offers: The managers that files can import.
    """

    def __init__(self, files: Sequence[Facts], imported: Iterable[str]) -> None:
        self._files = files
        self._imported = {name.rpartition(".")[::2] for name in imported}
        self.is_concerned = any(file.is_concerned for file in files)
        self.has_optional = any(Demands(file).has_optional for file in files)
        self.has_native = any(file.has_native for file in files)
        self.settings = {setting.key for file in files for setting in file.settings}
        self.offers = list(self._offers())

    def managers_of(self, file: Facts) -> list[Manager]:
        """Return the managers of *file* that count: once there are native ones, only those."""
        return [found for found in file.managers if found.is_native or not self.has_native]

    def _offers(self) -> Iterator[Offer]:
        for file in self._files:
            source = file.source
            for target in (manager.target for manager in self.managers_of(file)):
                if isinstance(target, cst.Name) and source.scope(target) is source.global_scope:
                    place = source.place
                    yield Offer(place.name, source.line(target), place.dotted, target.value)

    def offer(self, qualified: str) -> Offer | None:
        """Return the manager that *qualified* is, as another file imports it."""
        module, _, name = qualified.rpartition(".")
        for offer in self.offers:
            if offer.name == name and is_tail(module, offer.module):
                return offer
        return None

    def names_of(self, module: str) -> Iterator[str]:
        """Yield what managers are called that can be imported from *module*."""
        return (offer.name for offer in self.offers if is_tail(module, offer.module))

    def is_imported(self, file: Facts, name: str) -> bool:
        """Whether another file imports *name* from *file*."""
        dotted = file.source.place.dotted
        return any(last == name and is_tail(module, dotted) for module, last in self._imported)


def is_tail(module: str, path: str) -> bool:
    """Whether *module*, as an import statement names it, may be the file at *path*."""
    return bool(module) and f".{path}".endswith(f".{module}")
