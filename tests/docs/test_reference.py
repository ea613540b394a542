"""The generated pages of the reference say all that the code has, and nothing else."""

from __future__ import annotations

import pkgutil
import re
import secrets
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask

from jwtpolicy import exceptions, testing
from jwtpolicy.cli import jwtpolicy as commands
from jwtpolicy.decision import Outcome
from jwtpolicy.stores.sqlalchemy import metadata
from tests.support.paths import DOCS

sys.path.insert(0, str(DOCS / "_ext"))

import reference_claims  # the folder of Sphinx's extensions is no package
import reference_cli
import reference_endpoints
import reference_logs
import reference_policies
import reference_schema
import reference_settings
import reference_standards
import tables

SETTINGS = reference_settings.settings()
CLIENT = "gateway"
SECRET = secrets.token_urlsafe(32)


@pytest.fixture(scope="module")
def reference(site: Path) -> dict[str, Tag]:
    """Return what each page of the reference says, by its name without the folder."""
    root, found = site / "reference", {}
    for path in root.rglob("*.html"):
        article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("article")
        assert isinstance(article, Tag)
        found[path.relative_to(root).with_suffix("").as_posix()] = article
    return found


def described(pages: dict[str, Tag]) -> list[str]:
    """Return the full names of what is described somewhere in *pages*."""
    return [str(line["id"]) for page in pages.values() for line in page.select("dt.sig[id]")]


# Settings


def test_every_setting_stands_in_one_group() -> None:
    grouped = [
        name for group in reference_settings.the_table()["group"] for name in group["settings"]
    ]

    assert sorted(grouped) == sorted(SETTINGS)


def test_a_rendered_setting_says_what_it_does_and_is_without_you(reference: dict[str, Tag]) -> None:
    lines = {name.get_text(): name.parent for name in reference["settings"].select(".sig-name")}

    for name, field in SETTINGS.items():
        line = lines[field.metadata["key"]]
        said = line.find_next_sibling("dd") if line else None
        assert isinstance(said, Tag), name
        titles = [title.get_text(strip=True) for title in said.select("dl.field-list > dt")]
        assert titles[:3] == ["Default:", "Allowed:", "Environment:"], name
        assert said.find("p") is not None, name


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_takes_what_the_environment_gives(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable, value = reference_settings.environment_of(name, SETTINGS[name])
    monkeypatch.setenv(variable, value)
    app = Flask("tests.app")

    app.config.from_prefixed_env()
    read = SETTINGS[name].metadata["read"] or (lambda given: given)

    assert read(app.config[variable.removeprefix("FLASK_")]) is not None


def test_what_belongs_to_no_setting_is_in_no_table() -> None:
    table = reference_settings.the_table()

    assert {*table["see"], *table["environment"]} <= set(SETTINGS)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("REFRESH_TOKEN_EXPIRES", "30 days (``2592000`` seconds)"),
        ("ACCESS_TOKEN_EXPIRES", "15 minutes (``900`` seconds)"),
        ("REFRESH_GRACE", "10 seconds"),
        ("MAX_TOKEN_LENGTH", "16,384 characters"),
        ("SESSION_IDLE", "not set"),
        ("COOKIE_SECURE", "``True``"),
        ("TOKEN_LOCATION", "``headers``"),
    ],
)
def test_a_default_is_said_in_words_with_its_unit(name: str, words: str) -> None:
    assert reference_settings.default_of(SETTINGS[name]) == words


def test_a_setting_that_another_one_names_is_a_link() -> None:
    text = "`iss`; unless JWT_DECODE_ISSUER says so, see JWT_NOTHING"

    linked = reference_settings.linked(text)

    assert linked == "``iss``; unless :data:`JWT_DECODE_ISSUER` says so, see ``JWT_NOTHING``"


# Policies


def test_every_policy_has_a_row_or_combines_others() -> None:
    named = {*reference_policies.EXAMPLES, *reference_policies.WITHOUT}

    assert named == set(reference_policies.public_policies())


@pytest.mark.parametrize(
    ("name", "outcomes", "claims"),
    [
        ("HasScope", {"NO_TOKEN", "INVALID_TOKEN", "INSUFFICIENT_SCOPE"}, {"scope"}),
        ("Owns", {"NO_TOKEN", "INVALID_TOKEN", "MISSING_CLAIM", "FORBIDDEN", "NOT_FOUND"}, {"sub"}),
        ("Fresh", {"NO_TOKEN", "INVALID_TOKEN", "STEP_UP"}, {"type", "fresh", "auth_time", "acr"}),
        ("Anonymous", {"INVALID_TOKEN", "FORBIDDEN"}, set()),
    ],
)
def test_a_policy_is_asked_what_it_refuses_with_and_reads(
    name: str, outcomes: set[str], claims: set[str]
) -> None:
    found = reference_policies.found_out(reference_policies.EXAMPLES[name])

    refused = {outcome.name for outcome, _ in found.outcomes if outcome > Outcome.PENDING}
    assert (refused, found.claims) == (outcomes, claims)


@pytest.mark.parametrize("name", reference_policies.EXAMPLES)
def test_every_policy_allows_one_of_the_requests(name: str) -> None:
    found = reference_policies.found_out(reference_policies.EXAMPLES[name])

    assert Outcome.ALLOW in {outcome for outcome, _ in found.outcomes}


# Endpoints


def test_the_page_has_every_endpoint() -> None:
    assert set(reference_endpoints.the_table()) == set(reference_endpoints.guards())


@pytest.fixture
def desk() -> Flask:
    return reference_endpoints.application({CLIENT: SECRET})


def calls(desk: Flask) -> Iterator[tuple[str, int]]:
    """Send each request of the page, and yield the status of its answer."""
    client = desk.test_client()
    login = {"username": "ada", "password": "right"}
    pair = client.post("/auth/login", json=login).json or {}
    access, other = ({"Authorization": f"Bearer {pair[f'{kind}_token']}"} for kind in _KINDS)
    form = {"data": {"token": pair["access_token"]}, "auth": (CLIENT, SECRET)}
    sent: dict[str, dict[str, Any]] = {
        "POST /auth/login": {"json": login},
        "POST /auth/step-up": {"json": login, "headers": access},
        "GET /auth/sessions": {"headers": access},
        "DELETE /auth/sessions/<session_id>": {"headers": access},
        "POST /auth/introspect": form,
        "POST /auth/revoke": form,
        "POST /auth/refresh": {"headers": other},
        "POST /auth/logout": {"headers": other},
        "DELETE /auth/sessions": {"headers": access},
    }
    for call, given in sent.items():
        method, rule = call.split()
        path = rule.replace("<session_id>", "others")
        yield call, client.open(path, method=method, **given).status_code


_KINDS = ("access", "refresh")


def test_an_endpoint_answers_what_the_page_says(desk: Flask) -> None:
    answers = dict(calls(desk))

    # The step-up has replaced the refresh token, and the revocation the access token.
    ended = {"POST /auth/refresh": 401, "DELETE /auth/sessions": 401}
    said = {
        call: int(found[0])
        for call, row in reference_endpoints.the_table().items()
        if (found := re.match(r"(\d{3})\b", row["answers"]) or ["200"])
    }
    assert answers == said | ended


def test_the_errors_of_endpoints_are_there() -> None:
    named = {name for row in reference_endpoints.the_table().values() for name in row["refuses"]}

    assert all(getattr(exceptions, name).code for name in named)


# Errors, claims, logs, schema, standards, commands


def test_every_error_has_a_row() -> None:
    names = [row[0] for row in tables.error_rows()]

    assert len(names) == len(tables.error_classes()) >= 25
    assert all(row[1].isdigit() for row in tables.error_rows())


def test_every_claim_has_a_row() -> None:
    assert set(reference_claims.the_table()) == reference_claims.known()


@pytest.mark.parametrize(
    ("claim", "type_"),
    [("exp", "number"), ("aud", "text or array of text"), ("fresh", "number or boolean")],
)
def test_a_claim_has_its_types_from_the_code(claim: str, type_: str) -> None:
    assert reference_claims.type_of(claim) == type_


def test_every_line_of_the_log_has_a_row() -> None:
    assert reference_logs.undescribed() == set()


def test_a_line_has_its_level_and_its_fields_from_the_code() -> None:
    rows = list(reference_logs.log_rows())
    (reused,) = [row for row in rows if "a used refresh token came back" in row[1]]

    assert reused[0] == "WARNING"
    assert reused[1].endswith("(fields: ``token.token_id``)")


def test_every_signal_has_a_row() -> None:
    names = [row[0] for row in reference_logs.signal_rows()][1:]

    assert len(names) == 3
    assert ":data:`~jwtpolicy.signals.logged_in`" in names


def test_every_column_of_the_stores_is_described() -> None:
    said = {table: set(row) - {"says"} for table, row in reference_schema.the_table().items()}

    assert said == {table.name: {*table.columns.keys()} for table in metadata.sorted_tables}


def test_every_standard_has_a_title() -> None:
    assert set(reference_standards.TITLES) == set(reference_standards.by_standard())


def test_every_requirement_of_a_standard_leads_to_its_tests() -> None:
    text = "\n".join(reference_standards.standard_lines())

    assert ":requirement:`ALG-1`: A key has one algorithm" in text
    assert re.search(r"ALG-1: \d+ tests", text)
    assert "not built" in text


def paths(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below *group*, with the words that call it."""
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from paths(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


@pytest.mark.parametrize(("name", "command"), list(paths(commands, "flask jwtpolicy")), ids=str)
def test_the_page_has_the_usage_and_the_options_of_a_command(
    name: str, command: click.Command, reference: dict[str, Tag]
) -> None:
    said = " ".join(reference["cli"].get_text(" ").split())
    options = [option for each in command.params for option in each.opts if "-" in option]

    assert f"{name} [OPTIONS]" in said
    assert (command.help or "").split(".")[0].split("\n")[0] in said
    assert all(option in said for option in options)


def test_what_help_does_not_wrap_is_an_example() -> None:
    help_ = "Say it.\n\n\b\nExample:\n  flask jwtpolicy say *"

    said, example = reference_cli.paragraphs(click.Command("say", help=help_))

    assert said == ["Say it.", ""]
    assert example == ["Example:", "", ".. code-block:: text", "", "     flask jwtpolicy say *", ""]


def test_help_is_text_and_no_markup() -> None:
    said = reference_cli.plain("Pass *all* of JWT_STORE_URL to --json")

    assert said == r"Pass \*all\* of :data:`JWT_STORE_URL` to ``--json``"


# The Python API

#: What its module offers to the library alone.
INNER = {f"jwtpolicy.transports.{name}" for name in ("NamedByKind", "Places", "parameters_of")}

MODULES = ("", ".audit", ".endpoints", ".keys", ".stores", ".testing", ".transports")


def modules() -> Iterator[ModuleType]:
    """Yield the modules that users import from, with the public packages of the test kit."""
    yield from (import_module(f"jwtpolicy{end}") for end in MODULES)
    for found in pkgutil.iter_modules(testing.__path__, f"{testing.__name__}."):
        if found.ispkg:
            yield import_module(found.name)


def public_names() -> set[str]:
    """Return the full names of what users can import."""
    found = set()
    for module in modules():
        found |= {f"{module.__name__}.{name}" for name in module.__all__}
    errors = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    ours = {name for name in errors if getattr(exceptions, name).__module__ == exceptions.__name__}
    return found | {f"jwtpolicy.exceptions.{name}" for name in ours if name.endswith("Error")}


def test_every_public_name_is_described_once(reference: dict[str, Tag]) -> None:
    found = described(reference)

    assert public_names() - set(found) == INNER
    assert {name for name in found if found.count(name) > 1} == set()


def test_every_name_of_the_bridge_is_named(reference: dict[str, Tag]) -> None:
    from reference_api import bridge_names

    said = {code.get_text() for code in reference["api/bridge"].select("td code")}

    assert set(bridge_names()) <= said
    assert "jwt_required" in said


def test_the_kit_appears_by_itself() -> None:
    from reference_api import module_lines

    lines = list(module_lines("jwtpolicy.testing"))

    assert ".. autoclass:: jwtpolicy.testing.TokenStoreContract" in lines
    assert any(line.startswith("   :exclude-members: test_") for line in lines)
    assert "NOW" in "\n".join(module_lines("jwtpolicy.testing", but="*Contract"))
    assert list(module_lines("jwtpolicy.testing", only="Nothing*")) == []


def test_the_line_of_a_class_says_how_it_is_made(reference: dict[str, Tag]) -> None:
    lines = {
        str(line["id"]): line.get_text()
        for page in reference.values()
        for line in page("dt", id=True)
    }

    assert "(*, within=…, acr=…)" in lines["jwtpolicy.Fresh"]
    assert "(" not in lines["jwtpolicy.Token"]
    assert "(" not in lines["jwtpolicy.exceptions.ExpiredTokenError"]
