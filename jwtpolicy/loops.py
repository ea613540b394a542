"""Tell whether an event loop runs in this thread, where nothing async can be waited for."""

from __future__ import annotations

import asyncio


def is_loop_running() -> bool:
    """Whether one does: whoever has to wait for a coroutine then has to await it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
