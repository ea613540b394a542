"""Ready-made views: login, refresh, step-up, logout, sessions, revocation, introspection, keys."""

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
]
