"""How do I slow down guessing?"""

import os

from flask import Flask
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import LoginView, auth_blueprint, check_password
from jwtpolicy.exceptions import RateLimitedError

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # one proxy stands before this application
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["RATELIMIT_STORAGE_URI"] = os.environ.get("RATELIMIT_STORAGE_URI", "memory://")
app.config["RATELIMIT_HEADERS_ENABLED"] = True  # Retry-After
jwt = JWTManager(app)
limiter = Limiter(get_remote_address, app=app)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


class LogIn(LoginView):
    decorators = (limiter.limit("20/minute;100/hour"),)  # from one address

    def limit(self, credentials):
        name = credentials["username"]
        with limiter.shared_limit("5/minute;30/hour", "passwords", key_func=lambda: name):
            pass  # the attempt is counted, or refused, where the block begins

    def authenticate(self, credentials):
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None


@app.errorhandler(RateLimitExceeded)
def too_many(error):
    return RateLimitedError().get_response()  # Flask-Limiter adds Retry-After


app.register_blueprint(auth_blueprint(LogIn))
