"""The table of an application that resembles no example: ten routes, five personas."""

from __future__ import annotations

import pytest

from jwtpolicy import HasScope, protect
from jwtpolicy.testing import act, anonymous, assert_policy, with_
from tests.support.harbour import Harbour

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful")

CREW = {"roles": ["crew"]}
sailor = with_("sailor", scope="ships:read", claims=CREW)
remembered = with_("sailor", scope="ships:read", claims=CREW, fresh=False)
master = with_("master", claims={"roles": ["master"]})
warden = with_("warden", scope="ships:read ships:write", claims={"roles": ["warden", "master"]})

PERSONAS = [anonymous, remembered, sailor, master, warden]
#: The answers to each of them, in this order.
TABLE = {
    "GET /charts/": [200, 200, 200, 200, 200],
    "GET /ships": [401, 200, 200, 403, 200],
    "DELETE /ships": [401, 403, 403, 403, 200],
    "GET /berths/1": [401, 200, 200, 403, 200],
    "POST /berths/2": [401, 403, 403, 200, 200],
    "GET /port/log": [302, 200, 200, 200, 200],
    "GET /port/office/keys": [302, 403, 403, 403, 200],
    "GET /weather": [401, 403, 403, 200, 200],
    "GET /radio": [200, 200, 200, 200, 200],
    "GET /pass": [401, 200, 200, 200, 200],
    "GET /dock": [503, 503, 503, 503, 503],
}


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


@pytest.mark.parametrize("route", TABLE)
def test_the_table_is_right_and_runs_no_view(harbour: Harbour, route: str) -> None:
    assert_policy(harbour.app, *route.split(), dict(zip(PERSONAS, TABLE[route], strict=True)))

    assert harbour.ran == []


@pytest.mark.parametrize("route", TABLE)
def test_the_real_answers_are_those_of_the_table(harbour: Harbour, route: str) -> None:
    method, path = route.split()
    client, found = act(harbour.app), []
    for persona in PERSONAS:
        status = client.as_user(persona).open(path, method=method).status_code
        found.append(200 if harbour.ran else status)
        harbour.ran.clear()

    assert found == TABLE[route]


def test_a_changed_policy_makes_its_cells_wrong_and_no_other(harbour: Harbour) -> None:
    harbour.app.view_functions["port.log"] = protect(HasScope("ships:write"))(lambda: "log")
    names = []
    for route, statuses in TABLE.items():
        try:
            assert_policy(harbour.app, *route.split(), dict(zip(PERSONAS, statuses, strict=True)))
        except AssertionError as error:
            names += [(route, text.split(",")[0]) for text in str(error).split("\n\nwith_(")[1:]]

    assert names == [("GET /port/log", name) for name in ("'sailor'", "'sailor'", "'master'")]
