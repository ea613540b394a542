"""What the resources promise."""

from .app import app


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_resources_are_guarded_by_method():
    client = app.test_client()
    answer = client.post("/login", json={"name": "ada"})
    assert answer.status_code == 201
    access = bearer(answer.json["access_token"])
    assert client.get("/notes").status_code == 401
    assert client.get("/notes", headers=access).json == {"notes": [], "of": "ada"}
    assert client.get("/note").json == {"note": 1}
    assert client.delete("/note").status_code == 401
    assert client.delete("/note", headers=access).json == {"deleted": "ada"}


def test_refreshing_gives_both_and_no_fresh_one():
    client = app.test_client()
    pair = client.post("/login", json={"name": "ada"}).json
    again = client.post("/refresh", headers=bearer(pair["refresh_token"])).json
    third = client.post("/refresh", headers=bearer(again["refresh_token"])).json
    access = bearer(third["access_token"])
    assert client.get("/notes", headers=access).json["of"] == "ada"
    assert client.delete("/note", headers=access).status_code == 401
    assert client.post("/refresh", headers=access).status_code in (401, 422)
