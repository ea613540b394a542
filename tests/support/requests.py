"""Write requests as clients do."""

from __future__ import annotations


def bearer(encoded: str) -> dict[str, str]:
    """Return the header that presents a token."""
    return {"Authorization": f"Bearer {encoded}"}
