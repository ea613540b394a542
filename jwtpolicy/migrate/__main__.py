"""Run the command where there is no ``flask``: ``python -m jwtpolicy.migrate``."""

from ..cli import migrate

migrate(prog_name="python -m jwtpolicy.migrate")
