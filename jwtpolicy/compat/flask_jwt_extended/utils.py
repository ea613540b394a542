"""The functions of the package under the module name that the original has for them."""

from .cookies import *  # noqa: F403 # all that is public there
from .current import *  # noqa: F403 # all that is public there
from .tokens import *  # noqa: F403 # all that is public there
