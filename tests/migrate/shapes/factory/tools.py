"""What several views use."""

import flask_jwt_extended as fje


def team():
    return fje.get_jwt().get("team")


def tokens_for(name):
    return {
        "access": fje.create_access_token(name, fresh=True),
        "refresh": fje.create_refresh_token(name),
    }
