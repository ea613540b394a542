"""The command that rewrites applications of Flask-JWT-Extended for this library."""
