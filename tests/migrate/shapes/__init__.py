"""Small applications of Flask-JWT-Extended, each with its own tests in `check`."""
