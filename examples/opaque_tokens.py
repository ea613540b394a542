"""How does my API accept opaque tokens, which only their issuer can read?"""

import os

from flask import Flask

from jwtpolicy import (
    HasScope,
    Introspection,
    IssuedBy,
    Issuer,
    JWTManager,
    current_token,
    protect,
)

app = Flask(__name__)
provider = Issuer(
    os.environ["PROVIDER_URL"],
    audience=os.environ["API_AUDIENCE"],
    requires_jti=False,  # the answers of most servers have none
    introspection=Introspection(
        os.environ["INTROSPECTION_URL"],
        client_id=os.environ["INTROSPECTION_CLIENT"],
        client_secret=os.environ["INTROSPECTION_SECRET"],
        cache_seconds=10,  # for so long a token passes that was revoked there
    ),
)
jwt = JWTManager(baseline=None)
jwt.trust(provider)
jwt.init_app(app)


@app.get("/orders")
@protect(IssuedBy(provider) & HasScope("orders:read"))
def orders():
    return {"orders": [], "of": current_token.subject}
