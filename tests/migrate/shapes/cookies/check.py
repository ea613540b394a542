"""What the site promises to browsers."""

from .app import app

SITE = {"base_url": "https://localhost"}


def csrf(client, kind):
    cookie = client.get_cookie(f"csrf_{kind}_token")
    return {"X-CSRF-TOKEN": cookie.value}


def test_cookies_come_and_go():
    client = app.test_client()
    assert client.get("/me", **SITE).status_code == 401
    client.post("/login", **SITE)
    assert client.get("/me", **SITE).text == "ada"
    assert client.post("/me", **SITE).status_code in (401, 403)
    assert client.post("/me", headers=csrf(client, "access"), **SITE).text == "ada"
    assert client.post("/refresh", headers=csrf(client, "refresh"), **SITE).json == {
        "refresh": True
    }
    assert client.get("/me", **SITE).text == "ada"
    client.post("/logout", **SITE)
    assert client.get("/me", **SITE).status_code == 401
