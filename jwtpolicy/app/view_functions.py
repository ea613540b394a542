"""The view functions of an application, each behind what was written about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self


class ViewFunctions(dict[str, Any]):
    """The view functions of a bound application.

    Requests read it as they read any dictionary; what is put into it after the binding is
    guarded like what was there before.

    Args:
        views: What was registered before.
        guarded: Returns what Flask is to call for an endpoint and a view.
        forget: Called with an endpoint whose view was just replaced.
    """

    def __init__(
        self,
        views: Mapping[str, Any],
        guarded: Callable[[str, Any], Any],
        forget: Callable[[str], None],
    ) -> None:
        super().__init__({endpoint: guarded(endpoint, view) for endpoint, view in views.items()})
        self._guarded = guarded
        self._forget = forget

    def __setitem__(self, endpoint: str, view: Any) -> None:
        super().__setitem__(endpoint, self._guarded(endpoint, view))
        self._forget(endpoint)

    def setdefault(self, endpoint: str, view: Any = None) -> Any:
        if endpoint not in self:
            self[endpoint] = view
        return self[endpoint]

    def update(self, *args: Any, **kwargs: Any) -> None:
        for endpoint, view in dict(*args, **kwargs).items():
            self[endpoint] = view

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc] # what dict takes
        self.update(other)
        return self
