"""Read an application's settings once, and refuse what cannot be meant."""

from .all_settings import Settings
from .checks import UnknownSettingWarning, check_own_tokens
from .cookie_shapes import CookieShape, InsecureCookieWarning, cookie_shapes

__all__ = [
    "CookieShape",
    "InsecureCookieWarning",
    "Settings",
    "UnknownSettingWarning",
    "check_own_tokens",
    "cookie_shapes",
]
