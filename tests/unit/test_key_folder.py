"""A folder of keys: which key signs, what is picked up while the process runs, what is refused."""

from __future__ import annotations

import json
import logging
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.folder import KeyFolder
from jwtpolicy.keys.jwk import key_from_jwk, private_jwk, public_jwk
from jwtpolicy.keys.new_keys import new_key, remove_key, write_key
from tests.support.clocks import StandingClock
from tests.support.keys import EC_KEY, MATERIALS, RSA_KEY, pem, public_pem

NOW = 1_800_000_000
DELAY = 7200


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW)


@pytest.fixture
def folder(tmp_path: Path, clock: StandingClock) -> KeyFolder:
    return KeyFolder(tmp_path, clock, delay=DELAY)


def published(folder: KeyFolder, at: int, algorithm: str = "ES256") -> Key:
    """Write a new key, published *at* seconds after now."""
    key = new_key(algorithm)
    write_key(folder.path, key, NOW + at)
    return key


def path_of(folder: KeyFolder, key: Key) -> Path:
    """Return the file of a key, as of the last look at the folder."""
    [name] = [file.name for file in folder.files() if file.key.key_id == key.key_id]
    return folder.path / name


def signing(folder: KeyFolder) -> str | None:
    """Return the name of the key that signs now."""
    key = folder().signing_key
    return key and key.key_id


def put(folder: KeyFolder, name: str, text: str, mode: int = 0o600) -> Path:
    path = folder.path / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_only_key_signs_at_once(folder: KeyFolder) -> None:
    key = published(folder, 0)

    assert signing(folder) == key.key_id


def test_a_new_key_signs_when_it_was_published_for_long_enough(
    folder: KeyFolder, clock: StandingClock
) -> None:
    old, new = published(folder, -10_000), published(folder, 0)

    clock.advance(DELAY - 1)
    assert signing(folder) == old.key_id
    clock.advance(1)
    assert signing(folder) == new.key_id


def test_of_keys_that_are_all_new_the_oldest_signs(folder: KeyFolder) -> None:
    old = published(folder, -10)
    published(folder, 0)

    assert signing(folder) == old.key_id


def test_all_keys_verify_whatever_signs(folder: KeyFolder) -> None:
    keys = [published(folder, at) for at in (-20_000, -10_000, 0)]

    for key in keys:
        assert folder().find("ES256", key.key_id)[0].verify(b"input", key.sign(b"input"))


def test_the_ring_is_the_same_until_something_changes(
    folder: KeyFolder, clock: StandingClock
) -> None:
    """KEY-1: what was remembered of a ring holds for as long."""
    published(folder, -10_000)
    first = folder()
    clock.advance(60)
    assert folder() is first

    published(folder, 0)

    assert folder() is not first


def test_a_removed_key_verifies_no_longer(folder: KeyFolder) -> None:
    key = published(folder, -10_000)
    published(folder, -5_000)
    assert folder().find("ES256", key.key_id)

    remove_key(path_of(folder, key))

    assert folder().find("ES256", key.key_id) == ()


def test_a_bad_file_keeps_no_removed_key_alive(
    folder: KeyFolder, caplog: pytest.LogCaptureFixture
) -> None:
    leaked, good = published(folder, -10_000), published(folder, -9_000)
    folder()
    put(folder, "broken.jwk", "{")
    path_of(folder, leaked).unlink()

    ring = folder()

    assert ring.find("ES256", leaked.key_id) == ()
    assert ring.find("ES256", good.key_id)
    assert "broken.jwk: it is not JSON; the file is left out" in caplog.text


def test_a_file_that_becomes_bad_keeps_its_key(
    folder: KeyFolder, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_key(folder.path, new_key("ES256"), NOW)
    before = signing(folder)
    path.write_text("half of a k", encoding="ascii")

    assert signing(folder) == before
    assert "the key that it held before stays" in caplog.text


@pytest.mark.parametrize("name", ["a.jwk", "z.jwk"])
def test_a_copy_of_a_key_keeps_no_removed_key_alive(folder: KeyFolder, name: str) -> None:
    """Two keys of one name are no ring, and must not end the reading."""
    leaked, good = published(folder, -10_000), published(folder, -9_000)
    folder()
    put(folder, name, path_of(folder, good).read_text(encoding="ascii"))
    path_of(folder, leaked).unlink()

    ring = folder()

    assert ring.find("ES256", leaked.key_id) == ()
    assert ring.find("ES256", good.key_id)


def test_a_bad_file_keeps_no_key_that_another_file_holds_now(folder: KeyFolder) -> None:
    path = write_key(folder.path, new_key("ES256"), NOW)
    other = write_key(folder.path, new_key("ES256"), NOW)
    first, second = sorted([path, other])
    folder()
    first.write_text(second.read_text(encoding="ascii"), encoding="ascii")
    second.write_text("{", encoding="ascii")

    assert [file.name for file in folder() and folder.files()] == [first.name]


def test_a_file_that_was_exchanged_is_noticed_whatever_its_times_say(folder: KeyFolder) -> None:
    path = put(folder, "key.jwk", broken())
    before, found = folder(), path.stat()
    path.write_text(broken().replace('"sig"', '"SIG"'), encoding="utf-8")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    assert folder() is not before


def test_an_empty_folder_verifies_nothing(
    folder: KeyFolder, caplog: pytest.LogCaptureFixture
) -> None:
    key = published(folder, 0)
    folder()
    for path in folder.path.iterdir():
        path.unlink()

    assert (folder().find("ES256", key.key_id), folder().signing_key) == ((), None)
    assert "no key is left" in caplog.text


def test_public_keys_verify_and_never_sign(folder: KeyFolder) -> None:
    put(folder, "other.pem", public_pem(RSA_KEY), mode=0o644)
    own = published(folder, 0)

    assert signing(folder) == own.key_id
    assert len(folder().named_keys()) == 2


@pytest.mark.parametrize(
    ("name", "material", "algorithm"),
    [
        ("rsa.pem", pem(RSA_KEY), "RS256"),
        ("ec.pem", pem(EC_KEY), "ES256"),
        ("p384.pem", pem(MATERIALS["ES384"]), "ES384"),
        ("ed.pem", pem(MATERIALS["EdDSA"]), "EdDSA"),
        ("secret.jwk", json.dumps(private_jwk(new_key("HS256"))), "HS256"),
        ("ps.json", json.dumps(private_jwk(Key(RSA_KEY, "PS256"))), "PS256"),
    ],
)
def test_a_file_says_which_algorithm_its_key_has(
    folder: KeyFolder, name: str, material: str, algorithm: str
) -> None:
    put(folder, name, material)

    assert folder().signing_key.algorithm == algorithm  # type: ignore[union-attr]


@pytest.mark.parametrize("algorithm", ["PS384", "Ed25519"])
def test_the_setting_chooses_where_a_key_could_have_several(
    tmp_path: Path, clock: StandingClock, algorithm: str
) -> None:
    folder = KeyFolder(tmp_path, clock, algorithm=algorithm)
    put(folder, "key.pem", pem(RSA_KEY if algorithm[0] == "P" else MATERIALS["EdDSA"]))

    assert folder().signing_key.algorithm == algorithm  # type: ignore[union-attr]


def broken(**changes: Any) -> str:
    """Return the JWK of an EC key with some members changed; None takes one away."""
    members = {**private_jwk(Key(EC_KEY, "ES256")), **changes}
    return json.dumps({name: value for name, value in members.items() if value is not None})


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("notes.txt", "", "a key file ends with .pem or .jwk or .json"),
        ("key.pem", "", "cannot be read"),
        ("key.pem", "🔑", "it is not ASCII"),
        ("key.jwk", "[" * 60_000, "cannot be read|it is not JSON"),
        ("key.jwk", "{" * 9000, "it is not JSON"),
        ("key.jwk", "{}", "no JWK of one key"),
        ("key.jwk", json.dumps({"keys": []}), "no JWK of one key"),
        ("key.jwk", broken(use="enc"), "for use 'enc', not sig"),
        ("key.jwk", broken(key_ops=["encrypt"]), "neither sign nor verify"),
        ("key.jwk", broken(key_ops="sign"), "neither sign nor verify"),
        ("key.jwk", broken(kid=7), "kid of the JWK is not a text"),
        ("key.jwk", broken(alg="none"), "'none' is not one of"),
        ("key.jwk", broken(alg=7), "needs alg, such as RS256"),
        ("key.jwk", broken(alg="RS256"), "is no key for RS256"),
        ("key.jwk", broken(x="AAAA"), "is no key for ES256"),
        ("key.jwk", broken(iat="today"), "iat of the JWK is not a number"),
        ("key.jwk", broken(iat=True), "iat of the JWK is not a number"),
        ("key.jwk", broken(iat=-1), "iat of the JWK is not a number"),
        ("key.jwk", broken(iat=10**400), "iat of the JWK is not a number"),
        ("key.jwk", broken(iat=float("inf")), "iat of the JWK is not a number"),
        ("key.jwk", broken(iat=float("nan")), "iat of the JWK is not a number"),
        ("key.jwk", broken(kid=""), "kid of the JWK is not a text"),
        ("key.jwk", broken(kid="k" * 257), "kid of the JWK is not a text"),
        ("key.jwk", broken(kid="\x1b[2J"), "kid of the JWK is not a text"),
        ("key.jwk", broken(kid="\ud800"), "kid of the JWK is not a text"),
        ("key.jwk", broken(kty="oct", alg="HS256", k="?", kid=None), "give the JWK a kid"),
        ("key.jwk", broken(kty="oct", alg="HS256", k="?"), "k of the JWK is not base64url"),
        ("key.jwk", broken(kty="oct", alg="HS256", k=None), "k of the JWK is not base64url"),
        ("key.jwk", broken(kty="oct", alg="HS256", k="c2hvcnQ"), "has 5 bytes, it needs 32"),
        ("key.jwk", "{" + " " * 70_000, "no file of at most"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_at_the_start(
    folder: KeyFolder, name: str, text: str, complaint: str
) -> None:
    put(folder, name, text)

    with pytest.raises(ConfigurationError, match=rf"^{name}: .*({complaint})"):
        folder()


def test_no_error_shows_what_stands_in_a_file(folder: KeyFolder) -> None:
    """KEY-8."""
    secret = "c" * 30
    put(folder, "key.jwk", broken(d=secret, x=secret))

    with pytest.raises(ConfigurationError) as caught:
        folder()

    assert secret not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_private_key_that_others_can_read_is_refused(folder: KeyFolder, mode: int) -> None:
    put(folder, "key.pem", pem(EC_KEY), mode)

    with pytest.raises(ConfigurationError, match="others may read it; run `chmod 600"):
        folder()


def test_a_mounted_private_key_may_be_readable(tmp_path: Path, clock: StandingClock) -> None:
    folder = KeyFolder(tmp_path, clock, is_shared=True)
    put(folder, "key.pem", pem(EC_KEY), 0o640)

    assert signing(folder)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
def test_a_folder_that_others_can_write_to_is_refused(folder: KeyFolder, mode: int) -> None:
    """Whoever may add a public key can sign as anybody."""
    published(folder, 0)
    folder.path.chmod(mode)

    with pytest.raises(ConfigurationError, match=r"^JWT_KEYS: others may write to .*chmod go-w"):
        folder()
    assert KeyFolder(folder.path, lambda: NOW, is_shared=True)()


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_public_key_that_others_can_change_is_refused(folder: KeyFolder, mode: int) -> None:
    published(folder, 0)
    put(folder, "other.pem", public_pem(RSA_KEY), mode)

    with pytest.raises(ConfigurationError, match=r"others may write to other.pem"):
        folder()
    assert KeyFolder(folder.path, lambda: NOW, is_shared=True)()


def test_links_are_followed_and_hidden_names_are_not_read(folder: KeyFolder) -> None:
    """As a container platform mounts secrets: the files are links into a hidden folder."""
    (folder.path / "..2026").mkdir()
    target = put(folder, "..2026/key.pem", pem(EC_KEY))
    (folder.path / "key.pem").symlink_to(target)
    put(folder, ".draft.jwk", "{")

    assert signing(folder) == Key(EC_KEY, "ES256").key_id


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_refused_and_not_waited_for(
    folder: KeyFolder, make: Callable[[Path], Any]
) -> None:
    make(folder.path / "key.pem")

    with pytest.raises(ConfigurationError, match=r"^key.pem: it (is no file|cannot be read)"):
        folder()


def test_two_files_with_one_key_are_refused(folder: KeyFolder) -> None:
    put(folder, "a.pem", pem(EC_KEY))
    put(folder, "b.pem", public_pem(EC_KEY))

    with pytest.raises(ConfigurationError, match=r"b.pem: a.pem has a key with the same kid"):
        folder()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, clock: StandingClock) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        KeyFolder(tmp_path / "none", clock)()


def test_a_folder_without_keys_says_how_to_make_one(folder: KeyFolder) -> None:
    with pytest.raises(ConfigurationError, match=f"keys generate --folder {folder.path}`"):
        folder()


def test_a_new_key_is_its_owners_alone(tmp_path: Path) -> None:
    path = write_key(tmp_path / "new" / "keys", new_key("ES256"), NOW)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_a_key_that_cannot_be_written_to_its_end_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OSError, match="No space left"):
        write_key(tmp_path, new_key("ES256"), NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("algorithm", [*MATERIALS, "Ed25519"])
def test_a_key_comes_back_from_its_file_as_it_was(folder: KeyFolder, algorithm: str) -> None:
    key = published(folder, 0, algorithm)
    (file,) = folder() and folder.files()

    assert (file.key.key_id, file.key.algorithm) == (key.key_id, algorithm)
    assert file.key.verify(b"input", key.sign(b"input"))
    assert file.published_at == NOW


@pytest.mark.parametrize("algorithm", [name for name in MATERIALS if name[:2] != "HS"])
def test_what_is_published_verifies_and_holds_no_private_member(algorithm: str) -> None:
    """KEY-3."""
    key = Key(MATERIALS[algorithm], algorithm)
    jwk = public_jwk(key)

    assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert key_from_jwk(jwk).verify(b"input", key.sign(b"input"))
    assert not key_from_jwk(jwk).can_sign


def test_a_secret_has_no_public_half() -> None:
    with pytest.raises(ConfigurationError, match="no public half"):
        public_jwk(new_key("HS256"))


def test_the_thumbprint_is_that_of_the_standard() -> None:
    """KEY-2: the example of :rfc:`7638#section-3.1`."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f"
        "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )

    key = key_from_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256"})

    assert key.key_id == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_reading_again_is_told_in_the_log_once(
    folder: KeyFolder, caplog: pytest.LogCaptureFixture
) -> None:
    published(folder, 0)
    folder()
    put(folder, "broken.jwk", "{")

    with caplog.at_level(logging.ERROR):
        folder()
        folder()

    assert len(caplog.records) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_folder_that_was_watched_is_as_one_that_is_read_anew(
    folder: KeyFolder, clock: StandingClock, seed: int
) -> None:
    """Whatever happened meanwhile: files that came, went, were copied, or were bad for a while."""
    chance = random.Random(seed)
    published(folder, -50_000)
    folder()
    for _ in range(20):
        change(folder, chance)
        folder()
        clock.advance(chance.randrange(DELAY))
    for name in ("bad.jwk", "copy.jwk"):
        (folder.path / name).unlink(missing_ok=True)

    assert content(folder()) == content(KeyFolder(folder.path, clock, delay=DELAY)())


def change(folder: KeyFolder, chance: random.Random) -> None:
    paths = [path for path in folder.path.iterdir() if path.name not in ("bad.jwk", "copy.jwk")]
    path, what = chance.choice(paths), chance.choice(["come", "go", "touch", "bad", "copy"])
    if what == "come":
        published(folder, -chance.randrange(50_000), chance.choice(["ES256", "EdDSA"]))
    elif what == "go" and len(paths) > 1:
        path.unlink()
    elif what == "touch":
        path.touch()
    elif what == "bad":
        put(folder, "bad.jwk", "{")
    else:
        put(folder, "copy.jwk", path.read_text(encoding="ascii"))


def content(ring: KeyRing) -> tuple[str | None, set[str | None]]:
    """Return the name of the key that signs, and those of all keys."""
    key = ring.signing_key
    return key and key.key_id, {key.key_id for key in ring.named_keys()}
