"""Run the migration without the ``flask`` command: ``python -m jwtpolicy.migrate``."""

from ..cli import migrate

migrate(prog_name="python -m jwtpolicy.migrate")
