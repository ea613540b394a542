"""Offer ready-made views for the endpoints that every application needs."""

from .blueprint import auth_blueprint
from .clients import ClientView
from .credentials import Credentials, CredentialsView
from .introspection import IntrospectionView
from .login import LoginView
from .logout import LogoutView
from .passwords import PasswordCheck, check_password
from .refresh import RefreshView
from .revocation import RevocationView
from .sessions import SessionsView
from .step_up import StepUpView

__all__ = [
    "ClientView",
    "Credentials",
    "CredentialsView",
    "IntrospectionView",
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
