"""A package with a factory, extensions and blueprints."""

from flask import Flask

from . import handlers, views
from .extensions import jwt


def create_app(**config):
    app = Flask(__name__)
    app.config.from_object(f"{__name__}.config.Config")
    app.config.update(config)
    jwt.init_app(app)
    app.register_blueprint(views.api, url_prefix="/api")
    handlers.register(app)
    return app
