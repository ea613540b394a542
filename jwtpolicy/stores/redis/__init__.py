"""The token store on Redis or Valkey; importing this needs the extra ``redis``."""

from ...exceptions import ConfigurationError

try:
    import redis as _redis  # noqa: F401 # to say what is missing
except ImportError as error:
    _msg = "RedisStore needs redis-py: pip install 'jwtpolicy[redis]'"
    raise ConfigurationError(_msg) from error

from .store import RedisStore

__all__ = ["RedisStore"]
