"""What the interface promises."""

from . import create_app

app = create_app()


def login(name):
    pair = app.test_client().post("/api/login", data={"name": name}).json
    return pair["access"], pair["refresh"]


def test_members_have_a_team_and_strangers_none():
    access, _ = login("ada")
    client = app.test_client()
    assert client.get("/api/team").status_code == 404
    assert client.get("/api/team", query_string={"jwt": access}).text == "team-ada"


def test_accounts_are_closed():
    access, refresh = login("ada")
    client = app.test_client()
    assert client.get("/api/account").status_code == 401
    assert client.get("/api/account", query_string={"jwt": access}).text == "ada"
    header = {"Authorization": f"Bearer {access}"}
    assert client.delete("/api/account", headers=header).text == "gone ada"
    assert client.delete("/api/account", query_string={"jwt": access}).status_code == 401
    assert client.post("/api/again", query_string={"jwt": refresh}).text == "ada"


def test_what_is_no_token_is_answered_as_here():
    answer = app.test_client().get("/api/account", query_string={"jwt": "x.y.z"})
    assert answer.status_code == 422
    assert answer.json["code"] == "invalid"
