"""Ready-made views: of logins and sessions for people; of keys and metadata for services."""

from .blueprint import auth_blueprint
from .client_secrets import ClientView
from .credential_view import Credentials, CredentialsView
from .introspection import IntrospectionView
from .jwks import JWKSView
from .login import LoginView
from .logout import LogoutView
from .open_sessions import SessionsView
from .passwords import PasswordCheck, check_password
from .refresh import RefreshView
from .resource_metadata import resource_metadata_blueprint
from .step_up import StepUpView
from .token_revocation import RevocationView

__all__ = [
    "ClientView",
    "Credentials",
    "CredentialsView",
    "IntrospectionView",
    "JWKSView",
    "LoginView",
    "LogoutView",
    "PasswordCheck",
    "RefreshView",
    "RevocationView",
    "SessionsView",
    "StepUpView",
    "auth_blueprint",
    "check_password",
    "resource_metadata_blueprint",
]
