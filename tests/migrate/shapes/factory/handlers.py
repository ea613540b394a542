"""What answers refusals."""

from flask import jsonify

from .extensions import jwt


def register(app):
    @app.errorhandler(404)
    def missing(_error):
        return jsonify(code="missing"), 404

    @jwt.expired_token_loader
    def expired(_header, _payload):
        return jsonify(code="expired"), 401

    @jwt.invalid_token_loader
    def invalid(reason):
        return jsonify(code="invalid", why=reason), 422
