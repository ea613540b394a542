"""Annotations are code that may raise (PEP 649): nobody reads those of an application's function.

Functions whose annotations raise exist since Python 3.14; here a callable stands for them that
raises whenever somebody reads its annotations.
"""

import ast
import inspect
import re
from functools import partial, update_wrapper, wraps
from pathlib import Path

import pytest

import jwtpolicy
from jwtpolicy import AccessRequest, policy
from jwtpolicy.exceptions import PolicyDefinitionError
from jwtpolicy.parsing.signatures import signature_of

SOURCE = Path(jwtpolicy.__file__).parent


class Unreadable:
    """What a function of 3.14 is whose annotations name what only type checkers import."""

    def __init__(self, function):
        self._function = function
        self.__name__ = self.__qualname__ = function.__name__

    def __call__(self, access, name="acme", /, *, strict=False):
        return self._function(access, name, strict)

    @property
    def __annotations__(self):
        raise NameError("name 'AccessRequest' is not defined")

    __annotate__ = __annotations__


def around(function):
    """Return a function around one, as decorators make it; on 3.14 nothing is read for that."""

    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return update_wrapper(inner, function, assigned=("__name__", "__qualname__"))


def tenant(access, name, *, strict=False):
    return access.token is None and name == "acme" and not strict


def test_a_policy_is_made_of_a_function_whose_annotations_raise():
    """K31."""
    decorated = policy(needs_token=False)(around(Unreadable(tenant)))
    assert decorated("acme").evaluate(AccessRequest())
    assert not decorated("other", strict=True).evaluate(AccessRequest())


def test_annotations_of_a_function_are_not_among_its_parameters():
    def is_admin(access: "Nothing", team: "Nothing" = 3) -> "Nothing": ...  # noqa: F821

    found = signature_of(is_admin)
    assert str(found) == "(access, team=3)"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        pytest.param(tenant, "(access, name, *, strict=False)", id="function"),
        pytest.param(
            partial(tenant, name="a"), "(access, *, name='a', strict=False)", id="partial"
        ),
        pytest.param(around(tenant), "(access, name, *, strict=False)", id="wrapped"),
        pytest.param(around(partial(tenant, None)), "(name, *, strict=False)", id="around partial"),
        pytest.param(Unreadable(tenant), "(access, name='acme', /, *, strict=False)", id="object"),
        pytest.param(
            Unreadable(tenant).__call__, "(access, name='acme', /, *, strict=False)", id="method"
        ),
        pytest.param(len, "(obj, /)", id="builtin"),
        pytest.param(SystemError.__str__, "(self, /)", id="slot"),
        pytest.param(Unreadable, "(function)", id="class"),
    ],
)
def test_what_is_called_has_the_parameters_that_python_tells(function, expected):
    assert str(signature_of(function)) == expected


def test_what_has_no_signature_is_no_policy():
    with pytest.raises(PolicyDefinitionError, match="nobody can tell the parameters"):
        policy(around(type))


def test_a_signature_that_a_decorator_writes_down_holds():
    function = around(tenant)
    function.__signature__ = inspect.Signature(
        [inspect.Parameter("access", inspect.Parameter.POSITIONAL_ONLY)]
    )
    assert str(signature_of(function)) == "(access, /)"
    assert repr(policy(function)) == "tenant"


def test_a_closure_keeps_its_parameters():
    limit = 3

    @policy(needs_token=False)
    def below(access, value):
        return value < limit

    assert below(2).evaluate(AccessRequest())
    assert not below(3).evaluate(AccessRequest())


def test_arguments_that_do_not_fit_are_told_without_annotations():
    @policy
    def team(access: "Nothing", name: "Nothing"): ...  # noqa: F821

    with pytest.raises(
        PolicyDefinitionError, match=r"team: missing a required .*; it takes \(name\)"
    ):
        team()


def test_a_policy_may_be_wrapped_by_a_decorator_of_the_application():
    def logged(function):
        @wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)

        return inner

    decorated = policy(needs_token=False)(logged(tenant))
    assert decorated("acme").evaluate(AccessRequest())


NAMES = {"signature", "get_annotations", "get_type_hints", "getfullargspec", "getmembers"}
WORDS = re.compile("|".join(rf"\b{name}\b" for name in [*NAMES, "__annotations__"]))


def reads_annotations(node):
    """Whether *node* asks for annotations, or for a signature, which has them."""
    if isinstance(node, ast.Attribute):
        return node.attr in {*NAMES, "__annotations__"}
    return isinstance(node, ast.Name) and node.id in NAMES


def places():
    texts = {path: path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    suspects = {path: text for path, text in texts.items() if WORDS.search(text)}
    for path, text in suspects.items():
        for node in ast.walk(ast.parse(text)):
            is_call = isinstance(node, ast.Call) and reads_annotations(node.func)
            is_read = isinstance(node, ast.Attribute) and node.attr == "__annotations__"
            if is_call or is_read:
                yield path.relative_to(SOURCE).as_posix()


def test_nobody_reads_the_annotations_of_what_an_application_wrote():
    """K31: one file asks, about a twin without; the other about marshmallow's own classes."""
    assert set(places()) == {"policy/arguments.py", "parsing/signatures.py"}
