"""The settings."""

import os


class Config:
    JWT_SECRET_KEY = os.environ["JWT_SECRET_KEY"]
    JWT_TOKEN_LOCATION = ("headers", "query_string")
    JWT_STORE_URL = "memory://"
    TESTING = True
