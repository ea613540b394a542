"""The words that the pages use, on one page."""

from __future__ import annotations

from .drawing import NARROW, Drawing
from .facts import default

TITLE = "Login, session, tokens, guard and policies"
FORMS = (NARROW,)
#: The words, each with what the picture says of it. They are entries of the glossary.
IDEAS = {
    "session": "opened by a login, kept in the store",
    "store": "a file, a database or Redis",
    "access token": f"valid for {default('ACCESS_TOKEN_EXPIRES')}",
    "refresh token": f"valid for {default('REFRESH_TOKEN_EXPIRES')}",
    "claim": "one statement of a token, with a name and a value",
    "guard": "stands around the view",
    "level": "all levels have to allow",
    "policy": "says who may do something",
    "baseline": "asked of every token",
}


def words() -> str:
    """Return in words what the picture shows."""
    access, refresh = IDEAS["access token"], IDEAS["refresh token"]
    return (
        "A login opens a session, which the store keeps, and returns two tokens. The access token "
        f"is {access} and is sent with each request. Its claims say who the user is. They are "
        f"signed and not encrypted. The refresh token is {refresh} and gets the next two. A guard "
        "stands around the view. It asks the policies of each level, and the baseline; all have "
        "to allow. Then the view runs. Otherwise the answer is a refusal, which says what would "
        "help."
    )


def draw(drawing: Drawing) -> None:
    """Draw from the login down to the view."""
    width = drawing.width
    half = (width - 22) / 2
    right = width - half - 1
    login = drawing.box(1, 1, 92, "login", "name and password")
    session = drawing.box(width - 218, 1, 217, "session", IDEAS["session"], height=login.height)
    drawing.arrow((login.right, login.centre), (session.x, session.centre), tone="good")
    y = session.bottom + 32
    access = drawing.frame(1, y, half, 140, "good")
    drawing.text(13, y + 18, "access token", "head")
    drawing.text(13, y + 38, IDEAS["access token"], "small", tone="quiet")
    drawing.text(13, y + 60, "claims:", "small", tone="quiet")
    for number, claim in enumerate(('"sub": "ada"', '"roles": ["editor"]')):
        drawing.text(13, y + 79 + 18 * number, claim, "tiny-code")
    drawing.text(13, y + 123, "signed, not encrypted", "small", tone="quiet")
    refresh = drawing.frame(right, y, half, 140)
    drawing.text(right + 12, y + 18, "refresh token", "head")
    drawing.text(right + 12, y + 38, IDEAS["refresh token"], "small", tone="quiet")
    drawing.prose(right + 12, y + 52, "gets the next two tokens, once", half - 24, tone="quiet")
    rail = session.bottom + 16
    drawing.down(session, rail, (access.middle, y), "good")
    drawing.down(session, rail, (refresh.middle, y), "good")
    top = access.bottom + 44
    drawing.arrow((access.middle, access.bottom), (access.middle, top), tone="good")
    drawing.text(
        access.middle + 12, access.bottom + 21, "sent with each request", "small", tone="quiet"
    )
    guard = drawing.frame(1, top, width - 2, 168, "good")
    drawing.text(13, top + 18, "guard", "head")
    drawing.text(guard.right - 12, top + 18, IDEAS["level"], "small", "end", "quiet")
    rows = (
        ("level of the blueprint", "HasRole('editor')"),
        ("level of the view", "Fresh(within=300)"),
        ("baseline", "NotRevoked()"),
    )
    at = top + 36
    for name, policy in rows:
        row = drawing.frame(13, at, width - 26, 36, "chip")
        drawing.text(23, row.centre, name, "small")
        drawing.text(row.right - 10, row.centre, policy, "code", "end")
        at += 43
    bottom = guard.bottom
    view = drawing.box(1, bottom + 38, half, "view", "runs with current_user", kind="good")
    refusal = drawing.box(right, bottom + 38, half, "refusal", "says what would help", kind="bad")
    drawing.arrow((view.middle, bottom), (view.middle, view.y), tone="good")
    drawing.arrow((refusal.middle, bottom), (refusal.middle, refusal.y), tone="bad")
    drawing.text(view.middle + 12, bottom + 18, "allowed", "small", tone="quiet")
    drawing.text(refusal.middle + 12, bottom + 18, "refused", "small", tone="quiet")
