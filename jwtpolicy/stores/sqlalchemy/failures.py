"""The errors of databases, told apart: conflicts, which are retried, and outages."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...exceptions import StoreUnavailableError

#: PostgreSQL's codes for the loser of a deadlock, or of two transactions that exclude each other.
_SQLSTATES: Final = {"40001", "40P01"}
#: InnoDB's code for the loser of a deadlock.
_DEADLOCK: Final = 1213


def is_conflict(error: SQLAlchemyError) -> bool:
    """Whether the database undid a change because of another one: nothing happened."""
    driver_error = cause(error)
    if getattr(driver_error, "sqlstate", None) in _SQLSTATES:
        return True
    # PyMySQL has the number as the first argument; nobody else's is an integer.
    arguments = getattr(driver_error, "args", ())
    return arguments[:1] == (_DEADLOCK,)


def unavailable(error: Exception) -> StoreUnavailableError:
    """Return the `StoreUnavailableError` for an error, without SQLAlchemy's list of parameters."""
    return StoreUnavailableError(f"the token store's database failed: {cause(error)}")


def cause(error: Exception) -> BaseException:
    """Return the driver's error, or SQLAlchemy's own where no driver was asked."""
    driver_error = error.orig if isinstance(error, DBAPIError) else None
    return driver_error or error
