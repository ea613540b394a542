"""Private functions of Flask-JWT-Extended that applications import nevertheless."""

from .config import JSONEncoder as JSONEncoder
