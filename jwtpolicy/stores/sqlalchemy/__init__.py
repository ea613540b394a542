"""The token store in an SQL database; importing this needs the extra ``sqlalchemy``."""

from ...exceptions import ConfigurationError

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 # to say what is missing
except ImportError as error:
    _msg = (
        "SQLAlchemyStore needs SQLAlchemy: pip install 'jwtpolicy[sqlalchemy]', "
        "or with its driver 'jwtpolicy[postgresql]' or 'jwtpolicy[mysql]'"
    )
    raise ConfigurationError(_msg) from error

from .ddl import ddl
from .store import SQLAlchemyStore
from .tables import PREFIX, SCHEMA_VERSION, metadata

__all__ = ["PREFIX", "SCHEMA_VERSION", "SQLAlchemyStore", "ddl", "metadata"]
