"""Stand in for Flask-JWT-Extended 4.7, so that its applications run after changing their imports.

The names, options, loaders, errors and answers are the same, except where they were unsafe; the
differences are listed in the documentation. What this layer accepts never passes a native guard,
and nothing native depends on it.
"""

from .cookies import (
    set_access_cookies,
    set_refresh_cookies,
    unset_access_cookies,
    unset_jwt_cookies,
    unset_refresh_cookies,
)
from .current import (
    current_user,
    get_current_user,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_jwt_request_location,
)
from .jwt_manager import JWTManager
from .utils import (
    create_access_token,
    create_refresh_token,
    decode_token,
    get_csrf_token,
    get_jti,
    get_unverified_jwt_headers,
)
from .view_decorators import jwt_required, verify_jwt_in_request

__all__ = [
    "JWTManager",
    "create_access_token",
    "create_refresh_token",
    "current_user",
    "decode_token",
    "get_csrf_token",
    "get_current_user",
    "get_jti",
    "get_jwt",
    "get_jwt_header",
    "get_jwt_identity",
    "get_jwt_request_location",
    "get_unverified_jwt_headers",
    "jwt_required",
    "set_access_cookies",
    "set_refresh_cookies",
    "unset_access_cookies",
    "unset_jwt_cookies",
    "unset_refresh_cookies",
    "verify_jwt_in_request",
]

#: The version whose interface this is.
__version__ = "4.7.4"
