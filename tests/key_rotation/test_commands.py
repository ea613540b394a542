"""The commands that make, list, rotate and retire the keys of a folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import NEVER
from jwtpolicy.keys.new_keys import new_key, write_key
from tests.support.applications import MakeApp
from tests.support.clocks import StandingClock
from tests.support.keys import RSA_KEY, public_pem
from tests.support.terminal import Printed, run

NOW = 1_800_000_000
DELAY, DAY = 7200, 86_400
#: The lifetime of refresh tokens, what clocks and reloading may add, and the margin.
NEEDED = 30 * DAY + 60 + 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def put(folder: Path, at: int, algorithm: str = "ES256") -> str:
    """Write a key that was published *at* seconds after now, and return the name of its file."""
    return write_key(folder, new_key(algorithm), NOW + at).name


def put_public(folder: Path) -> Path:
    """Write the public key of another service, which never signs here."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "other.pem"
    path.write_text(public_pem(RSA_KEY), encoding="ascii")
    path.chmod(0o644)
    return path


@pytest.fixture
def first(folder: Path) -> str:
    return put(folder, -100_000)


@pytest.fixture
def app(make_app: MakeApp, folder: Path, first: str) -> Flask:
    return make_app(secret_key=None, keys=str(folder))[0]


def keys(app: Flask, *arguments: str) -> Printed:
    return run(app, "keys", *arguments)


def listed(app: Flask) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(keys(app, "list", "--json").out)
    return found


def phases(app: Flask) -> dict[str, str]:
    return {row["file"]: row["phase"] for row in listed(app)}


def test_a_key_is_made_without_an_application_with_one(folder: Path) -> None:
    done = keys(Flask("empty"), "generate", "--folder", str(folder), "--algorithm", "EdDSA")
    [path] = folder.iterdir()

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{path}: a new key for EdDSA, kid ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--algorithm", "none"], "'none' is not one of HS256"),
        (["--folder", __file__], "is a file"),
        (["--folder", f"{__file__}/keys"], "Not a directory"),
    ],
)
def test_a_key_that_cannot_be_made_is_an_error(
    folder: Path, arguments: list[str], complaint: str
) -> None:
    done = keys(Flask("empty"), "generate", "--folder", str(folder), *arguments)

    assert done.code > 0
    assert complaint in done.err


def test_the_list_says_which_key_signs_and_what_the_others_wait_for(
    app: Flask, folder: Path, first: str
) -> None:
    second, third = put(folder, -10_000, "EdDSA"), put(folder, -60, "ES384")
    lines = [line.split() for line in keys(app, "list").out.splitlines()]

    assert [(line[0], line[1], line[-1]) for line in lines[::2]] == [
        ("verifies", "ES256", first),
        ("signs", "EdDSA", second),
        ("published", "ES384", third),
    ]
    assert " ".join(lines[1]) == "its last token expires 2027-02-14 08:14 UTC"
    assert " ".join(lines[3]) == "published 2027-01-15 05:13 UTC"
    assert " ".join(lines[5]) == "signs from 2027-01-15 09:59 UTC"


def test_machines_get_the_same_as_json(app: Flask, folder: Path, first: str) -> None:
    second = put(folder, -10_000)
    old, signing = listed(app)

    assert (old["file"], old["phase"]) == (first, "verifies")
    assert old["until"] == NOW - 10_000 + DELAY + NEEDED
    assert (signing["file"], signing["phase"], signing["until"]) == (second, "signs", None)
    assert signing.keys() == {"kid", "algorithm", "file", "phase", "published_at", "until"}


def test_no_list_shows_a_private_key(app: Flask, folder: Path, first: str) -> None:
    """KEY-8."""
    secret = json.loads((folder / first).read_text(encoding="ascii"))["d"]

    assert secret not in keys(app, "list").out + keys(app, "list", "--json").out


def test_a_rotation_publishes_a_key_that_signs_later(
    app: Flask, first: str, clock: StandingClock
) -> None:
    done = keys(app, "rotate")
    [new] = set(phases(app)) - {first}

    assert (done.code, "a new key for ES256" in done.out) == (0, True)
    assert phases(app) == {first: "signs", new: "published"}
    clock.advance(DELAY)
    assert phases(app) == {first: "verifies", new: "signs"}


def test_a_second_rotation_makes_no_further_key(app: Flask, folder: Path) -> None:
    keys(app, "rotate")
    again = keys(app, "rotate")

    assert len(list(folder.iterdir())) == 2
    assert "signs from 2027-01-15 10:00 UTC: no new key" in again.out


@pytest.mark.parametrize(("early", "remain"), [(1, True), (0, False)])
def test_a_rotation_removes_a_key_when_its_last_token_has_expired(
    app: Flask, folder: Path, first: str, clock: StandingClock, early: int, remain: bool
) -> None:
    put(folder, -10_000)
    clock.now = NOW - 10_000 + DELAY + NEEDED - early

    done = keys(app, "rotate")

    assert (first in phases(app)) is remain
    assert (f"{first} is removed: tokens with kid " in done.out) is not remain


def test_a_rotation_may_change_the_algorithm(app: Flask) -> None:
    keys(app, "rotate", "--algorithm", "Ed25519")

    assert [row["algorithm"] for row in listed(app)] == ["ES256", "Ed25519"]


def test_the_next_key_has_the_algorithm_of_the_newest_one_that_signs(
    app: Flask, folder: Path
) -> None:
    """A public key of another service may be newer; it says nothing of one's own."""
    os.utime(put_public(folder), (NOW, NOW))

    assert "a new key for ES256" in keys(app, "rotate").out


@pytest.fixture
def reader(make_app: MakeApp, folder: Path) -> Flask:
    """Return an application that only verifies."""
    put_public(folder)
    return make_app(secret_key=None, keys=str(folder), manager={"baseline": None})[0]


def test_a_service_that_only_verifies_makes_no_key(reader: Flask, folder: Path) -> None:
    done = keys(reader, "rotate")

    assert (done.code, len(list(folder.iterdir()))) == (1, 1)
    assert "no key in this folder can sign" in done.err
    assert "nothing says when its last token expires" in keys(reader, "list").out


@pytest.mark.parametrize("by_kid", [True, False])
def test_a_key_is_retired_when_its_last_token_has_expired(
    app: Flask, folder: Path, first: str, clock: StandingClock, by_kid: bool
) -> None:
    second = put(folder, -10_000)
    name = listed(app)[0]["kid"] if by_kid else first
    early = keys(app, "retire", name)
    clock.now = NOW - 10_000 + DELAY + NEEDED

    assert early.code == 1
    assert "verifies, its last token expires 2027-02-14" in early.err
    assert keys(app, "retire", name).code == 0
    assert phases(app) == {second: "signs"}


def test_a_key_that_leaked_is_retired_by_force(app: Flask, folder: Path, first: str) -> None:
    second = put(folder, 0)
    refused, done = keys(app, "retire", first), keys(app, "retire", first, "--force")

    assert "signs, published 2027-01-14" in refused.err
    assert (refused.code, done.code, phases(app)) == (1, 0, {second: "signs"})


def test_a_published_key_is_retired_by_force_alone(app: Flask, folder: Path, first: str) -> None:
    second = put(folder, 0)

    assert "published, signs from" in keys(app, "retire", second).err
    assert keys(app, "retire", second, "--force").code == 0
    assert phases(app) == {first: "signs"}


def test_the_only_key_that_can_sign_is_never_retired(app: Flask, folder: Path, first: str) -> None:
    put_public(folder)

    done = keys(app, "retire", first, "--force")

    assert (done.code, first in phases(app)) == (1, True)
    assert f"{first} is the only key that can sign" in done.err
    assert keys(app, "retire", "other.pem", "--force").code == 0


def test_the_last_public_key_is_never_retired(reader: Flask) -> None:
    assert "other.pem is the only key;" in keys(reader, "retire", "other.pem", "--force").err


@pytest.mark.parametrize("name", ["nobody", "../keys/other.jwk", ""])
def test_a_name_that_no_key_has_removes_nothing(app: Flask, folder: Path, name: str) -> None:
    put(folder, 0)
    done = keys(app, "retire", name, "--force")

    assert (done.code, len(list(folder.iterdir()))) == (1, 2)
    assert f"no key is called {name}" in done.err


def test_a_name_that_two_keys_have_removes_none(app: Flask, folder: Path, first: str) -> None:
    """A ``kid`` may be the name of another key's file."""
    members = {"kid": first, "iat": NOW}
    path = folder / put(folder, 0)
    text = json.loads(path.read_text(encoding="ascii"))
    path.write_text(json.dumps(text | members), encoding="ascii")

    assert f"more than one key is called {first}" in keys(app, "retire", first, "--force").err


@pytest.fixture
def endless(make_app: MakeApp, folder: Path, first: str) -> Flask:
    """Return an application with tokens that never expire."""
    settings = {"badge_token_expires": NEVER, "require_exp": False}
    return make_app(secret_key=None, keys=str(folder), **settings)[0]


def test_the_end_of_tokens_that_never_expire_is_not_known(
    endless: Flask, folder: Path, first: str, clock: StandingClock
) -> None:
    put(folder, -10_000)
    clock.advance(10_000 * DAY)

    assert "nothing says when its last token expires" in keys(endless, "list").out
    assert "removed" not in keys(endless, "rotate").out
    assert keys(endless, "retire", first).code == 1
    assert keys(endless, "retire", first, "--force").code == 0


@pytest.mark.parametrize("arguments", [["list"], ["rotate"], ["retire", "x"]])
def test_an_application_without_a_folder_is_told_what_to_set(
    make_app: MakeApp, arguments: list[str]
) -> None:
    for app in (Flask("empty"), make_app()[0]):
        done = keys(app, *arguments)

        assert (done.code, done.out) == (1, "")
        assert "no folder of keys; set JWT_KEYS" in done.err


def test_a_file_that_cannot_be_used_is_named(app: Flask, folder: Path) -> None:
    (folder / "broken.jwk").write_text("{", encoding="ascii")

    done = keys(app, "list")

    assert (done.code, done.err) == (1, "Error: broken.jwk: it is not JSON\n")


def test_a_file_that_cannot_be_removed_is_an_error(
    app: Flask, folder: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a folder that is mounted to be read."""
    put(folder, 0)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    done = keys(app, "retire", first, "--force")

    assert (done.code, first in phases(app)) == (1, True)
    assert "Read-only file system" in done.err
