"""Look after an application's store from the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask

from .exceptions import StoreUnavailableError
from .globals import EXTENSION
from .stores.base import TokenStore


def run(app: Flask, batch: int, pause: float) -> None:
    """Prune the store of *app*, *batch* entries at a time, with *pause* seconds after each.

    Raises:
        ClickException: There is no store, or it cannot be asked.
    """
    store = _store_of(app)
    now = int(app.extensions[EXTENSION].parts.clock())
    with _telling():
        total = _prune(store, now, batch, pause)
    click.echo(f"{total} entries removed")


def upgrade(app: Flask) -> None:
    """Bring the store of *app* up to date, and print what was done or has to be done.

    Raises:
        ClickException: There is no store, or it cannot be asked.
    """
    store = _store_of(app)
    with _telling():
        told = store.upgrade()
    click.echo(told.rstrip())


def _store_of(app: Flask) -> TokenStore:
    application = app.extensions.get(EXTENSION)
    if application is None or application.parts.store is None:
        msg = "this application has no token store"
        raise click.ClickException(msg)
    store: TokenStore = application.parts.store
    return store


@contextmanager
def _telling() -> Iterator[None]:
    """Say why a store cannot be asked, without a traceback."""
    try:
        yield
    except StoreUnavailableError as error:
        raise click.ClickException(str(error.reason)) from None


def _prune(store: TokenStore, now: int, batch: int, pause: float) -> int:
    total = 0
    with click.progressbar(length=store.prunable(now=now) or 0, label="Pruning") as bar:
        while removed := store.prune_batch(now=now, limit=batch):
            total += removed
            bar.update(removed)
            time.sleep(pause)
    return total
