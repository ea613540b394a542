"""What pictures read from the code."""

from __future__ import annotations

from reference_settings import default_of, settings


def default(name: str) -> str:
    """Return the default of a setting as people say it: ``30 days``."""
    return default_of(settings()[name]).partition(" (")[0]
