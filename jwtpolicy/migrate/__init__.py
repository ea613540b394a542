"""Rewrite applications of Flask-JWT-Extended for this library."""
