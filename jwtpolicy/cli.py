"""Offer the commands of ``flask jwtpolicy``."""

from __future__ import annotations

import click


@click.group()
def jwtpolicy() -> None:
    """Look at what JSON Web Tokens protect here."""
