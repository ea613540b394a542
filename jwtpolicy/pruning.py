"""Prune an application's store from the command line, in small steps, and show how far it is."""

from __future__ import annotations

import time

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
    application = app.extensions.get(EXTENSION)
    if application is None or application.parts.store is None:
        msg = "this application has no token store"
        raise click.ClickException(msg)
    now = int(application.parts.clock())
    try:
        total = _prune(application.parts.store, now, batch, pause)
    except StoreUnavailableError as error:
        raise click.ClickException(str(error.reason)) from None
    click.echo(f"{total} entries removed")


def _prune(store: TokenStore, now: int, batch: int, pause: float) -> int:
    total = 0
    with click.progressbar(length=store.prunable(now=now) or 0, label="Pruning") as bar:
        while removed := store.prune_batch(now=now, limit=batch):
            total += removed
            bar.update(removed)
            time.sleep(pause)
    return total
