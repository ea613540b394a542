"""How does one service verify what another issued?"""

import os

from flask import Flask

from jwtpolicy import HasScope, JWTManager, current_token, protect

app = Flask(__name__)
app.config.update(
    JWT_ALGORITHM="ES256",
    JWT_PUBLIC_KEY=os.environ["JWT_PUBLIC_KEY"],  # the path of public.pem, or its text
    JWT_DECODE_ISSUER="https://login.shop.example",
    JWT_DECODE_AUDIENCE="https://shop.example",
    JWT_STORE_URL="none",
)
jwt = JWTManager(app, baseline=None)  # nobody asks a store here: see the page about revoked tokens

ORDERS = {"ada": ["A lamp"], "bob": ["Two chairs"]}


@app.get("/orders")
@protect(HasScope("orders:read"))
def orders() -> list[str]:
    return ORDERS.get(current_token.subject, [])
