"""What is made once."""

from flask_jwt_extended import JWTManager

jwt = JWTManager()


@jwt.additional_claims_loader
def add_claims(identity):
    return {"team": f"team-{identity}"}
