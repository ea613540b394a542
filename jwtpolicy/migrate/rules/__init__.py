"""The rules by which code of Flask-JWT-Extended becomes code of this library."""
