"""Classes behind `ProtectedView`."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask.views import MethodView, View

from jwtpolicy import (
    Access,
    Anonymous,
    Fresh,
    HasRole,
    HasScope,
    ProtectedView,
    Public,
    Refresh,
    current_token,
    protect,
)
from jwtpolicy.exceptions import PolicyDefinitionError

ADMIN = {"claims": {"roles": ["admin"]}}


class Answers(ProtectedView):
    def get(self) -> str:
        return "got"

    def post(self) -> str:
        return "posted"


def mounted(app: Any, view: type[View]) -> Any:
    app.add_url_rule("/", view_func=view.as_view("view"))
    return app.test_client()


def test_a_view_without_policies_asks_for_an_access_token(app: Any, access: Any) -> None:
    client = mounted(app, Answers)

    assert client.get("/").status_code == 401
    assert client.get("/", headers=access()).text == "got"


def test_head_follows_get(app: Any, access: Any) -> None:
    """HTTP-8."""

    class Guarded(Answers):
        method_policies: ClassVar = {"get": HasRole("admin")}

    client = mounted(app, Guarded)
    assert client.head("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.head("/", headers=access(**ADMIN)).status_code == 200


def test_automatic_options_is_free_and_a_handler_of_it_is_guarded(app: Any, access: Any) -> None:
    """HTTP-8, S18."""

    class Handler(Answers):
        def options(self) -> str:
            return "mine"

    app.add_url_rule("/auto", view_func=Answers.as_view("auto"))
    client = mounted(app, Handler)
    assert client.options("/auto").status_code == 200
    assert client.options("/").status_code == 401
    assert client.options("/", headers=access()).text == "mine"


def test_an_overridden_method_stays_guarded(app: Any, access: Any) -> None:
    class Guarded(Answers):
        policies = HasRole("admin")

    class Child(Guarded):
        def get(self) -> str:
            return "mine"

        def dispatch_request(self, **kwargs: Any) -> Any:
            return super().dispatch_request(**kwargs)

    client = mounted(app, Child)
    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(**ADMIN)).text == "mine"


def test_levels_of_bases_and_mixins_add_up(app: Any, access: Any) -> None:
    class Scoped:
        policies = HasScope("a")

    class Guarded(Scoped, Answers):
        policies: ClassVar = [HasRole("admin")]

    client = mounted(app, Guarded)
    assert client.get("/", headers=access(**ADMIN)).status_code == 403
    assert client.get("/", headers=access(**ADMIN, scope="a")).status_code == 200


def test_a_class_can_start_anew(app: Any, access: Any) -> None:
    class Guarded(Answers):
        policies = HasRole("admin")

    class Anew(Guarded):
        inherit_policies = False

    client = mounted(app, Anew)
    assert client.get("/").status_code == 401
    assert client.get("/", headers=access()).status_code == 200


def test_a_cut_leaves_other_mixins_alone(app: Any, access: Any) -> None:
    class Anew(Answers):
        policies = HasRole("admin")
        inherit_policies = False

    class Scoped:
        policies = HasScope("a")

    class Child(Anew, Scoped):
        pass

    client = mounted(app, Child)
    assert client.get("/", headers=access(**ADMIN)).status_code == 403
    assert client.get("/", headers=access(**ADMIN, scope="a")).status_code == 200


def test_one_method_can_be_public(app: Any, access: Any) -> None:
    class Open(Answers):
        policies = HasRole("admin")
        method_policies: ClassVar = {"GET": Public()}

    client = mounted(app, Open)
    assert client.get("/", headers={"Authorization": "Bearer rubbish"}).text == "got"
    assert client.post("/").status_code == 401
    assert client.post("/", headers=access(**ADMIN)).text == "posted"


def test_one_method_of_a_public_view_can_be_guarded(app: Any, access: Any) -> None:
    class Open(Answers):
        policies = Public()
        method_policies: ClassVar = {"POST": HasRole("admin")}

    client = mounted(app, Open)
    assert client.get("/").text == "got"
    assert client.post("/").status_code == 401
    assert client.post("/", headers=access(**ADMIN)).text == "posted"


def test_one_object_can_serve_all_requests(app: Any, access: Any) -> None:
    class Shared(Answers):
        init_every_request = False

    client = mounted(app, Shared)
    assert client.get("/", headers=access()).status_code == 200
    assert client.get("/").status_code == 401


def test_a_guard_on_one_method_is_a_level_of_the_same_tree(app: Any, access: Any) -> None:
    class Plain(MethodView):
        @protect(HasRole("admin"))
        def get(self) -> str:
            return "got"

        def post(self) -> str:
            return "posted"

    client = mounted(app, Plain)
    assert client.get("/").status_code == 401
    assert client.get("/", headers=access(**ADMIN)).text == "got"
    assert client.post("/").text == "posted"


def test_a_foreign_base_behind_ours_does_not_drop_the_guard(app: Any, access: Any) -> None:
    class Foreign(MethodView):
        def dispatch_request(self, **kwargs: Any) -> Any:
            return self.get()  # type: ignore[attr-defined]

    class Mixed(Foreign, ProtectedView):
        def get(self) -> str:
            return current_token.subject

    client = mounted(app, Mixed)
    assert client.get("/").status_code == 401
    assert client.get("/", headers=access()).text == "u1"


class Hijacker(MethodView):
    @classmethod
    def as_view(cls, name: str, *args: Any, **kwargs: Any) -> Any:
        return super().as_view(name, *args, **kwargs)


@pytest.mark.parametrize(
    ("bases", "members"),
    [
        pytest.param((Hijacker, ProtectedView), {}, id="another as_view first"),
        pytest.param((Answers,), {"policies": []}, id="an empty list"),
        pytest.param((Answers,), {"policies": None}, id="None"),
        pytest.param((Answers,), {"policies": HasRole}, id="a class"),
        pytest.param((Answers,), {"policies": lambda access: True}, id="a function"),
        pytest.param((Answers,), {"policies": [Public(), Access()]}, id="public in a list"),
        pytest.param((Answers,), {"method_policies": {"GTE": Fresh()}}, id="a misspelt method"),
        pytest.param((Answers,), {"method_policies": {3: Fresh()}}, id="a number"),
        pytest.param((Answers,), {"method_policies": {"GET": Fresh(), "get": Fresh()}}, id="twice"),
        pytest.param((Answers,), {"method_policies": [Fresh()]}, id="not a mapping"),
        pytest.param(
            (Answers,),
            {"policies": Refresh(), "method_policies": {"GET": Fresh()}},
            id="no meeting",
        ),
    ],
)
def test_a_mistake_in_a_class_fails_when_it_is_made(bases: Any, members: Any) -> None:
    with pytest.raises(PolicyDefinitionError):
        type("Mistake", bases, members)


def test_opening_beside_a_base_names_the_way_out() -> None:
    class Guarded(Answers):
        policies = HasRole("admin")

    with pytest.raises(PolicyDefinitionError, match="inherit_policies = False"):
        type("Open", (Guarded,), {"policies": Public()})


def test_a_logout_can_take_several_kinds(app: Any, access: Any) -> None:
    class Several(Answers):
        policies = Access() | Refresh() | Anonymous()

    client = mounted(app, Several)
    assert client.get("/").status_code == 200
    assert client.get("/", headers=access()).status_code == 200
    assert client.get("/", headers=access(kind="x", expires_in=9)).status_code == 401


def test_levels_that_were_assigned_below_the_class_count(app: Any, access: Any) -> None:
    class Later(Answers):
        pass

    Later.policies = HasRole("admin")  # type: ignore[misc]
    client = mounted(app, Later)

    assert client.get("/", headers=access(claims={"roles": []})).status_code == 403
    assert client.get("/", headers=access(**ADMIN)).status_code == 200


CHANGES = {
    "set": lambda view: setattr(view, "policies", Fresh()),
    "in place": lambda view: view.policies.append(Fresh()),
    "deleted": lambda view: delattr(view, "policies"),
    "of a method": lambda view: view.method_policies.update(POST=Fresh()),
    "in the list of a method": lambda view: view.method_policies["GET"].append(Fresh()),
    "cut off": lambda view: setattr(view, "inherit_policies", False),
    "csrf": lambda view: setattr(view, "csrf", False),
    "transports": lambda view: setattr(view, "transports", "headers"),
    "loader": lambda view: setattr(view, "load_resource", lambda self: None),
    "in a base": lambda view: setattr(view.__mro__[1], "policies", Fresh()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_written_after_as_view_is_an_error(app: Any, change: Any) -> None:
    """K47: nobody would ask it, so that a view might stay open that is meant to be closed."""

    class Base(Answers):
        pass

    class Guarded(Base):
        policies: ClassVar = [HasRole("admin")]
        method_policies: ClassVar = {"GET": [HasScope("a")]}

    client = mounted(app, Guarded)
    change(Guarded)

    with pytest.raises(PolicyDefinitionError, match="Guarded: its policies"):
        client.get("/")


def test_other_attributes_may_change_at_any_time(app: Any, access: Any) -> None:
    class Guarded(Answers):
        title = "a"

    client = mounted(app, Guarded)
    Guarded.title = "b"

    assert client.get("/", headers=access()).status_code == 200
