"""Offer the functions of the package where the original has them too."""

from .cookies import *  # noqa: F403
from .current import *  # noqa: F403
from .tokens import *  # noqa: F403
