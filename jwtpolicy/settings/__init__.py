"""Read an application's settings once, and refuse what cannot be meant."""

from .checks import UnknownSettingWarning, check_own_tokens
from .cookies import CookieShape, InsecureCookieWarning, cookie_shapes
from .reading import Settings

__all__ = [
    "CookieShape",
    "InsecureCookieWarning",
    "Settings",
    "UnknownSettingWarning",
    "check_own_tokens",
    "cookie_shapes",
]
