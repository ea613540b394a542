"""How do I ask for a code after the password?"""

import os
import secrets
import smtplib

from flask import Flask, request
from werkzeug.security import generate_password_hash

from jwtpolicy import Fresh, JWTManager, SingleUse, TokenKind, current_token, protect, public
from jwtpolicy.endpoints import auth_blueprint, check_password
from jwtpolicy.exceptions import LoginFailedError

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_PASSWORD_PASSED_TOKEN_EXPIRES"] = 300  # seconds for entering the code
jwt = JWTManager(app)
HASHES = {"ada@shop.example": generate_password_hash(os.environ["ADA_PASSWORD"])}
CODES, TRIES = {}, {}  # a table of yours, by the id of the first token


def send_code(address, code):
    with smtplib.SMTP(os.environ.get("SMTP_HOST", "localhost")) as server:
        server.sendmail("help@shop.example", address, f"Subject: Your code\n\n{code}")


@app.post("/login")
@public
def enter_password():
    name = request.form["username"]
    if not check_password(HASHES.get(name), request.form["password"]):
        raise LoginFailedError
    first = jwt.issue(name, kind="password_passed")
    token_id = jwt.verify(first, kind="password_passed").token_id
    CODES[token_id], TRIES[token_id] = f"{secrets.randbelow(10**6):06}", 5
    send_code(name, CODES[token_id])
    return {"code_token": first}, {"Cache-Control": "no-store"}


@app.post("/login/code")
@protect(TokenKind("password_passed") & SingleUse(consume=False))
def enter_code():
    token_id, began = current_token.token_id, current_token.issued_at.timestamp()
    TRIES[token_id] = TRIES.get(token_id, 0) - 1
    code, entered = CODES.get(token_id, ""), request.form["code"]
    if TRIES[token_id] < 0 or not secrets.compare_digest(code.encode(), entered.encode()):
        raise LoginFailedError
    jwt.consume()
    amr = ("pwd", "otp")
    pair = jwt.login(current_token.subject, acr="two-factor", amr=amr, since=began)
    return pair.as_response()


@app.get("/salary")
@protect(Fresh(acr="two-factor"))
def salary():
    return {"salary": 5_000}


app.register_blueprint(auth_blueprint(endpoints=["refresh", "logout", "sessions"]))
