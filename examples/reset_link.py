"""How do I mail a link that works once?"""

import os
import smtplib
from email.message import EmailMessage
from threading import Thread

from flask import Flask, abort, render_template, request, url_for
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, ProtectedView, SingleUse, TokenKind, current_token, public
from jwtpolicy.exceptions import InvalidTokenError

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)
SITE, SENDER = "https://shop.example", "help@shop.example"  # yours; never the request's host
HASHES = {"ada@shop.example": generate_password_hash(os.environ["ADA_PASSWORD"])}


def send_mail(address, text):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, address, "A new password"
    message.set_content(text)
    with smtplib.SMTP(os.environ.get("SMTP_HOST", "localhost")) as server:
        server.send_message(message)


@app.post("/forgot")
@public
def forgot():
    if (address := request.form["address"]) in HASHES:  # the thread lets no delay tell so
        token = jwt.issue(address, kind="password_reset", expires_in=600)
        Thread(target=send_mail, args=(address, SITE + url_for("reset", jwt=token))).start()
    return "If we know that address, a mail is on its way."


class Reset(ProtectedView):
    transports = "query_string"
    policies = TokenKind("password_reset") & SingleUse(consume=False)

    def get(self):
        return render_template("reset_link/form.html")

    def post(self):
        if len(request.form["password"]) < 12:
            abort(400, "Twelve characters at least.")
        jwt.consume()
        HASHES[current_token.subject] = generate_password_hash(request.form["password"])
        jwt.revoke_subject(current_token.subject)
        return "The password is set. Log in with it."


@app.errorhandler(InvalidTokenError)
def over(error):
    is_link = request.endpoint == "reset"
    return (render_template("reset_link/over.html"), 401) if is_link else error.get_response()


app.add_url_rule("/reset", view_func=Reset.as_view("reset"))
