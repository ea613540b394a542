"""Tests have a database, a token store and a secret of their own, in memory."""

import os
import secrets

os.environ["DATABASE_URL"] = "sqlite://"
os.environ["JWT_STORE_URL"] = "memory://"
os.environ["JWT_SECRET_KEY"] = secrets.token_urlsafe(48)
