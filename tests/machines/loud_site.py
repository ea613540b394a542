"""The application of the servers, which sets up logging for itself."""

import logging

logging.basicConfig(format="%(name)s: %(message)s", level=logging.INFO)

from tests.machines.site import app  # noqa: E402

__all__ = ["app"]
