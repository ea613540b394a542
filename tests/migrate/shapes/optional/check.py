"""What the pages promise."""

from flask_jwt_extended import create_access_token

from .app import app


def test_the_banned_stay_out():
    with app.app_context():
        headers = {
            name: {"Authorization": f"Bearer {create_access_token(name)}"}
            for name in ("ada", "eve")
        }
    client = app.test_client()
    assert client.get("/").text == "hello stranger"
    assert client.get("/", headers=headers["ada"]).text == "hello ada"
    assert client.get("/", headers=headers["eve"]).status_code == 403
    assert client.get("/mine").status_code == 401
    assert client.get("/mine", headers=headers["ada"]).text == "ada"
