"""An application's settings: read once, checked, and refused with the key's name."""

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
