"""How does a service follow the keys of an issuer?"""

import os

from flask import Flask

from jwtpolicy import HasScope, Issuer, JWTManager, current_token, protect

ISSUER = os.environ["ISSUER_URL"]

app = Flask(__name__)
jwt = JWTManager(baseline=None)  # nobody asks a store here: access tokens live for minutes
jwt.trust(
    Issuer(
        ISSUER,
        audience="https://shop.example",
        jwks_uri=f"{ISSUER}/.well-known/jwks.json",
        allow_http=True,  # works on this machine only
    )
)
jwt.init_app(app)

ORDERS = {"ada": ["A lamp"], "bob": ["Two chairs"]}


@app.get("/orders")
@protect(HasScope("orders:read"))
def orders() -> list[str]:
    return ORDERS.get(current_token.subject, [])
