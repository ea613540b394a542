"""Offer the functions of the package where the original has them too."""

from .cookies import *  # noqa: F403 # all that is public there
from .current import *  # noqa: F403 # all that is public there
from .tokens import *  # noqa: F403 # all that is public there
