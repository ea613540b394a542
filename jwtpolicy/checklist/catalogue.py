"""All checks, in the order in which they are asked and stand on the page."""

from __future__ import annotations

from typing import Final

from . import (
    cookie_checks,
    key_checks,
    route_checks,
    start_checks,
    store_checks,
    token_checks,
    trust_checks,
)
from .check import Check

CHECKS: Final[tuple[Check, ...]] = (
    start_checks.START,
    start_checks.DEBUG,
    key_checks.STRENGTH,
    key_checks.OWN,
    key_checks.LEFT_OVER,
    key_checks.ALGORITHM,
    trust_checks.ISSUERS,
    store_checks.SHARED,
    store_checks.FILE,
    store_checks.REACHABLE,
    store_checks.CLOCKS,
    start_checks.PROXY,
    cookie_checks.HTTPS,
    cookie_checks.SECURE,
    cookie_checks.SAME_SITE,
    cookie_checks.PREFIX,
    token_checks.LIFETIMES,
    token_checks.BASELINE,
    token_checks.SWITCHES,
    route_checks.UNGUARDED,
    route_checks.HIDDEN,
    route_checks.IMPASSABLE,
    route_checks.REMARKS,
    route_checks.UNSET,
)
