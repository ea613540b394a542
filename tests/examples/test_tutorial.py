"""The tutorial's application: what a chapter promises holds in it, and in all that follow."""

from __future__ import annotations

from pathlib import Path
from secrets import token_urlsafe
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from jwtpolicy.testing import act, anonymous, assert_policy, with_
from tests.support.paths import DOCS
from tests.support.requests import bearer
from tests.support.tutorial import CHAPTERS, PASSWORDS, load

LAST = max(CHAPTERS)

#: Hashed once, and cheaply: this is about who gets in, and not about the time that guessing takes.
HASHES = {
    name: generate_password_hash(password, method="pbkdf2:sha256:1")
    for name, password in PASSWORDS.items()
}

#: What each chapter is started with.
FOR_ALL = {
    "JWT_SECRET_KEY": token_urlsafe(48),
    "ADA_PASSWORD": PASSWORDS["ada"],
    "DATABASE_URL": "sqlite://",
}


def since(number: int) -> Any:
    """Run a test with the chapter of that number, and with the last one.

    What holds in both held in between: tests/docs/test_tutorial_pages.py goes through all of them.
    """
    return pytest.mark.parametrize("chapter", [number, LAST], indirect=True)


class Shed:
    """The application of a chapter, with its members: ada keeps the shed, bob and eve do not."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.app = module.app
        self.ada, self.bob, self.eve = (self.user(number) for number in (1, 2, 3))

    @property
    def db(self) -> Any:
        return self.module.db

    def user(self, number: int) -> Any:
        """Return a user who belongs to no session of the database."""
        name = list(PASSWORDS)[number - 1]
        if not hasattr(self.module, "User"):
            return name
        roles = ["keeper"] if name == "ada" else []
        user = {"id": number, "name": name, "password_hash": HASHES[name], "roles": roles}
        self.add(self.module.User(**user))
        return self.module.User(**user)

    def add(self, row: Any) -> None:
        self.db.merge(row)
        self.db.commit()

    def lend(self, *tools: str, to: int) -> None:
        for tool in tools:
            self.add(self.module.Tool(name=tool))
            self.add(self.module.Loan(tool=tool, borrower_id=to))

    def log_in(self, name: str, password: str | None = None) -> Any:
        form = {"username": name, "password": password or PASSWORDS[name]}
        return self.app.test_client().post("/auth/login", data=form)

    def who_gets(self, method: str, path: str, *expected: int) -> None:
        """Assert what a stranger, ada, bob and eve get."""
        table = dict(zip((anonymous, self.ada, self.bob, self.eve), expected, strict=True))
        assert_policy(self.app, method, path, table)


@pytest.fixture
def chapter(request: pytest.FixtureRequest, tmp_path: Path) -> Shed:
    return Shed(load(request.param, tmp_path, **FOR_ALL))


@pytest.mark.parametrize("chapter", CHAPTERS, indirect=True)
def test_only_those_who_log_in_see_the_tools(chapter: Shed) -> None:
    client = chapter.app.test_client()
    assert client.get("/tools").status_code == 401
    assert chapter.log_in("ada", "a guess").status_code == 401

    token = chapter.log_in("ada").json["access_token"]
    answer = client.get("/tools", headers=bearer(token))

    assert (answer.status_code, answer.json["for"]) == (200, "ada")


@pytest.mark.parametrize("chapter", [1], indirect=True)
def test_the_page_says_what_an_empty_token_is_answered(chapter: Shed) -> None:
    page = (DOCS / "tutorial/first-view.rst").read_text(encoding="utf-8")

    answer = chapter.app.test_client().get("/tools", headers={"Authorization": "Bearer "})

    assert answer.status_code == 400
    assert f'400 with "{answer.json["error_description"]}"' in page


@since(2)
def test_keepers_alone_see_the_members(chapter: Shed) -> None:
    chapter.who_gets("GET", "/members", 401, 200, 403, 403)

    answer = act(chapter.app).as_user(chapter.ada).get("/members")
    assert answer.json == {"members": ["ada", "bob", "eve"]}


@since(2)
def test_a_member_who_is_deleted_is_shut_out(chapter: Shed) -> None:
    bob = act(chapter.app).as_user(chapter.bob)
    assert bob.get("/tools").status_code == 200

    chapter.db.delete(chapter.db.get(chapter.module.User, 2))
    chapter.db.commit()

    assert bob.get("/tools").status_code == 401


@since(2)
def test_a_command_adds_members_with_a_hash_of_their_password(chapter: Shed) -> None:
    lines = ["add-user", "kim", "--role", "keeper"]
    done = chapter.app.test_cli_runner().invoke(args=lines, input="a password\n" * 2)

    kim = chapter.db.get(chapter.module.User, 4)
    assert (done.exit_code, kim.name, kim.roles) == (0, "kim", ["keeper"])
    assert "a password" not in kim.password_hash
    assert chapter.log_in("kim", "a password").status_code == 200


@since(3)
def test_everybody_reads_the_list_and_keepers_add_to_it(chapter: Shed) -> None:
    chapter.who_gets("GET", "/tools", 401, 200, 200, 200)
    chapter.who_gets("POST", "/tools", 401, 200, 403, 403)

    ada = act(chapter.app).as_user(chapter.ada)
    statuses = [ada.post("/tools", data={"name": name}).status_code for name in ("saw", "saw", "")]

    assert statuses == [201, 409, 400]
    assert ada.get("/tools").json["tools"] == ["saw"]


@since(4)
def test_a_loan_is_its_borrowers_and_the_keepers(chapter: Shed) -> None:
    chapter.lend("saw", to=2)

    for method in ("GET", "DELETE"):
        chapter.who_gets(method, "/loans/1", 401, 200, 200, 403)
        chapter.who_gets(method, "/loans/2", 401, 200, 404, 404)  # a keeper meets it in the view

    assert act(chapter.app).as_user(chapter.ada).delete("/loans/2").status_code == 404


@since(4)
def test_a_tool_is_lent_once_and_comes_back(chapter: Shed) -> None:
    chapter.add(chapter.module.Tool(name="saw"))
    bob, eve = (act(chapter.app).as_user(user) for user in (chapter.bob, chapter.eve))

    def borrow(client: FlaskClient, tool: str) -> int:
        return client.post("/loans", data={"tool": tool}).status_code

    assert [borrow(bob, "saw"), borrow(eve, "saw"), borrow(eve, "sofa")] == [201, 409, 404]
    assert bob.get("/loans").json == {"loans": [{"id": 1, "tool": "saw"}]}
    assert eve.get("/loans").json == {"loans": []}
    assert [bob.delete("/loans/1").status_code, borrow(eve, "saw")] == [204, 201]


@since(5)
def test_two_tools_are_enough_but_for_keepers(chapter: Shed) -> None:
    chapter.lend("saw", "drill", to=2)
    chapter.lend("ladder", "rake", to=1)

    chapter.who_gets("POST", "/loans", 401, 200, 403, 200)

    decision = act(chapter.app).as_user(chapter.bob).explain("POST", "/loans")
    assert "tools at home: 2" in str(decision.reason)


@since(6)
def test_a_session_is_refreshed_and_ended(chapter: Shed) -> None:
    bob = act(chapter.app).as_user(chapter.bob)
    bob.refresh()
    assert bob.get("/tools").status_code == 200

    assert bob.post("/auth/logout").status_code == 204

    assert bob.get("/tools").status_code == 401


@since(6)
def test_a_new_role_arrives_with_the_next_refresh(chapter: Shed) -> None:
    bob = act(chapter.app).as_user(chapter.bob)
    chapter.db.get(chapter.module.User, 2).roles = ["keeper"]
    chapter.db.commit()
    assert bob.get("/members").status_code == 403

    bob.refresh()

    assert bob.get("/members").status_code == 200


@since(6)
def test_another_device_is_logged_out(chapter: Shed) -> None:
    phone, laptop = (act(chapter.app).as_user(chapter.bob) for _ in range(2))
    assert len(laptop.get("/auth/sessions").json["sessions"]) == 2

    assert laptop.delete("/auth/sessions/others").status_code == 204

    assert [phone.get("/tools").status_code, laptop.get("/tools").status_code] == [401, 200]


@since(7)
def test_a_new_password_logs_the_other_devices_out(chapter: Shed) -> None:
    phone, laptop = (act(chapter.app).as_user(chapter.bob) for _ in range(2))

    answer = laptop.put("/account", data={"password": "plumber"})

    assert answer.json == {"logged_out": 1}
    assert phone.get("/account").status_code == 401
    statuses = [chapter.log_in("bob", word).status_code for word in ("builder", "plumber")]
    assert statuses == [401, 200]


@since(7)
def test_an_old_login_changes_no_password(chapter: Shed) -> None:
    bob = act(chapter.app).as_user(chapter.bob)
    bob.wait(301)

    refused = bob.put("/account", data={"password": "plumber"})
    bob.clock.restore()

    assert refused.status_code == 401
    assert 'max_age="300"' in refused.headers["WWW-Authenticate"]


@since(7)
def test_an_account_is_closed_after_the_password_without_tools_at_home(chapter: Shed) -> None:
    chapter.lend("saw", to=3)
    bob, eve = (with_(user, acr="confirmed") for user in (chapter.bob, chapter.eve))
    expected = {anonymous: 401, chapter.bob: 401, bob: 200, chapter.eve: 403, eve: 403}
    assert_policy(chapter.app, "DELETE", "/account", expected)

    closed = act(chapter.app).as_user(bob)
    assert closed.delete("/account").status_code == 204
    assert closed.get("/account").status_code == 401


@since(7)
def test_the_next_member_with_the_number_of_a_deleted_one_is_not_that_one(chapter: Shed) -> None:
    eve = act(chapter.app).as_user(chapter.eve, acr="confirmed")
    assert eve.delete("/account").status_code == 204

    chapter.user(3)

    assert eve.get("/account").status_code == 401
    assert act(chapter.app).as_user(chapter.eve).get("/account").status_code == 200


@pytest.mark.parametrize(("chapter", "expected"), [(7, 200), (8, 403)], indirect=["chapter"])
def test_a_forgotten_guard_is_refused_in_the_end(chapter: Shed, expected: int) -> None:
    chapter.app.add_url_rule("/forgotten", "forgotten", lambda: "a secret")

    assert chapter.app.test_client().get("/forgotten").status_code == expected


@pytest.mark.parametrize("url", ["", "memory://"])
def test_the_last_chapter_has_its_store_by_a_setting(url: str, tmp_path: Path) -> None:
    environ = {"JWT_STORE_URL": url} if url else {}
    shed = Shed(load(LAST, tmp_path, **FOR_ALL, **environ))

    assert shed.log_in("bob").status_code == 200

    assert (tmp_path / "instance" / "jwtpolicy.sqlite3").exists() is (not url)
