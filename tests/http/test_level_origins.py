"""Where the levels of an endpoint were written: baseline, blueprint, class, decorator."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask

from jwtpolicy import (
    Access,
    HasRole,
    HasScope,
    JWTManager,
    NotRevoked,
    ProtectedView,
    Public,
    protect,
    public,
)
from jwtpolicy.guards.origins import LevelOrigin, line_of_class
from tests.support.applications import SECRET, MakeApp

HERE = str(Path(__file__))


class Mixin:
    policies = HasScope("read")


class Report(Mixin, ProtectedView):
    policies = HasRole("author")
    method_policies: ClassVar = {"DELETE": HasRole("admin")}

    def get(self) -> str:
        return "report"

    def delete(self) -> str:
        return "gone"


class Bare(ProtectedView):
    def get(self) -> str:
        return "bare"


def line_of(text: str) -> int:
    """Return the line of this file that begins with *text*."""
    lines = Path(HERE).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(text))


def levels(app: Flask, endpoint: str, method: str = "GET") -> list[LevelOrigin]:
    """Return the levels of an endpoint, without the baseline."""
    found = app.extensions["jwtpolicy"].levels(endpoint, method)
    return [level for level in found if level.source != "baseline"]


def test_a_decorator_is_named_with_the_line_that_it_stands_on(app: Flask) -> None:
    @app.get("/")
    @protect(HasRole("here"))
    def view() -> str:
        return "in"

    line = line_of('@protect(HasRole("here"))')
    assert levels(app, "view") == [LevelOrigin("decorator", HasRole("here"), "", HERE, line)]


def test_a_decorator_without_parentheses_has_the_line_of_each_function(app: Flask) -> None:
    def first() -> str:
        return "first"

    def second() -> str:
        return "second"

    for view in (first, second):
        app.add_url_rule(f"/{view.__name__}", view_func=protect(view))
    found = [level.line for name in ("first", "second") for level in levels(app, name)]
    assert found == [line_of('app.add_url_rule(f"/{view.__name__}"')] * 2


def test_the_levels_of_all_classes_are_named_with_their_own_class(app: Flask) -> None:
    app.add_url_rule("/", view_func=Report.as_view("report"))
    found = [(one.source, one.name, one.line) for one in levels(app, "report", "DELETE")]
    line, mixin = line_of("class Report"), line_of("class Mixin")
    assert found == [("class", "Report", line)] * 2 + [("class", "Mixin", mixin)]


def test_a_class_without_a_level_is_named_as_the_place_of_the_default(app: Flask) -> None:
    app.add_url_rule("/", view_func=Bare.as_view("bare"))
    line = line_of("class Bare")
    assert levels(app, "bare") == [LevelOrigin("default", Access(), "Bare", HERE, line)]


def test_a_blueprint_is_named_with_the_line_that_protects_it(make_app: MakeApp) -> None:
    app, jwt = make_app()
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/", "view", lambda: "in")
    jwt.protect_blueprint(shop, HasRole("staff"))
    app.register_blueprint(shop)
    default, level = levels(app, "shop.view")
    assert (default.source, default.policy, default.where) == ("default", Access(), "")
    line = line_of('jwt.protect_blueprint(shop, HasRole("staff"))')
    assert level == LevelOrigin("blueprint", HasRole("staff"), "shop", HERE, line)


@pytest.mark.parametrize("make", [JWTManager, JWTManager[str]], ids=["bare", "typed"])
def test_the_baseline_is_named_with_the_line_that_made_the_manager(
    make: Callable[[Flask], Any],
) -> None:
    app = Flask("tests.origins")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    make(app)
    app.add_url_rule("/", "view", protect(lambda: "in"))
    first = app.extensions["jwtpolicy"].levels("view", "GET")[0]
    assert first == LevelOrigin("baseline", NotRevoked(), "", HERE, line_of("make(app)"))


def test_without_a_baseline_none_is_named(make_app: MakeApp) -> None:
    app, _ = make_app({"baseline": None})
    app.add_url_rule("/", "view", protect(lambda: "in"))
    found = app.extensions["jwtpolicy"].levels("view", "GET")
    assert [level.source for level in found] == ["decorator"]


def test_what_opens_an_endpoint_is_named_and_nothing_else(app: Flask) -> None:
    @app.get("/")
    @public
    def view() -> str:
        return "open"

    found = app.extensions["jwtpolicy"].levels("view", "GET")
    assert [level.policy for level in found] == [Public()]
    assert found[0].file == HERE


def test_a_file_below_the_current_folder_is_shown_relative_to_it() -> None:
    level = LevelOrigin("class", HasRole("a"), "Report", str(Path.cwd() / "shop" / "views.py"), 7)
    assert str(level) == f"class Report: HasRole('a')  ({Path('shop', 'views.py')}:7)"


def test_a_file_elsewhere_is_shown_with_its_whole_path() -> None:
    elsewhere = str(Path(os.sep, "elsewhere", "app.py"))
    level = LevelOrigin("decorator", HasRole("a"), "", elsewhere)
    assert str(level) == f"decorator: HasRole('a')  ({elsewhere})"


def test_a_level_of_no_known_place_is_shown_without() -> None:
    assert str(LevelOrigin("default", Access())) == "default: Access()"


def test_a_class_that_no_source_file_has_is_placed_in_its_module() -> None:
    made = type("Made", (), {"__module__": __name__})
    assert line_of_class(made) == (HERE, None)
    assert line_of_class(int) == (None, None)
    assert inspect.getsourcefile(Bare) == line_of_class(Bare).file


def test_a_file_that_is_just_being_edited_is_named_without_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(cls: type) -> Any:
        raise SyntaxError

    class Edited(ProtectedView):
        pass

    monkeypatch.setattr(inspect, "getsourcelines", broken)
    assert line_of_class(Edited) == (HERE, None)


def test_the_source_of_a_class_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(cls: type) -> Any:
        raise AssertionError

    first = line_of_class(Report)
    monkeypatch.setattr(inspect, "getsourcelines", never)

    assert line_of_class(Report) == first == (HERE, line_of("class Report"))
