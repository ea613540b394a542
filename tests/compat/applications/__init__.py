"""Applications as others have written them for Flask-JWT-Extended, each with its own tests.

They import ``flask_jwt_extended``; `tests.compat.test_applications` runs every test of theirs with
it, and with the bridge in its place. Nothing else is changed.
"""
