"""Find in printed code what nobody should deploy: logins without a check, secrets in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

#: What makes somebody a user, or a user a more trusted one.
_LETS_IN = {"login", "step_up", "create_access_token"}
#: What has to be asked before in the same function, one of them.
_ASKS = {
    "authenticate",
    "authorize_access_token",
    "check_password",
    "check_password_hash",
    "compare_digest",
    "is_right",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: str) -> Iterator[Function]:
    """Yield all functions, since any of them may be a view, or be called by one.

    What stands outside of functions is done once, by whoever starts the process: no request
    reaches it. So pages may open a session there, to show what becomes of it.
    """
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))


def called(node: ast.AST) -> set[str]:
    """Return the names of the functions and methods that are called somewhere in *node*."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {getattr(call, "attr", getattr(call, "id", "")) for call in calls}


def logs_strangers_in(function: Function) -> bool:
    """Say whether *function* logs in whom nobody asked for anything.

    A guard for refresh tokens has asked for one, and `LoginView.begin` is called with a user whose
    password was right.
    """
    makes = {name for line in function.body for name in called(line)}
    refreshes = any("refresh" in ast.unparse(decorator) for decorator in function.decorator_list)
    return bool(makes & _LETS_IN) and not makes & _ASKS and not refreshes and not _begins(function)


def _begins(function: Function) -> bool:
    parameters = [parameter.arg for parameter in function.args.args]
    return (function.name, parameters) == ("begin", ["self", "user", "credentials"])


def printed_secrets(source: str) -> Iterator[str]:
    """Yield the names of secrets that stand in the source, or are made at each start."""
    for node in ast.walk(ast.parse(source)):
        for name, value in named_values(node):
            if re.search("secret|private_key", name, re.IGNORECASE) and is_printed(value):
                yield name


def named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what *node* assigns, passes by keyword or puts into a dictionary, with its name."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((ast.unparse(target), value) for target in targets)
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            yield from (
                (ast.unparse(key), value) for key, value in zip(keys, values, strict=True) if key
            )


def is_printed(value: ast.expr) -> bool:
    """Say whether a reader who copies *value* has a secret that is known, or new at each start."""
    parts = list(ast.walk(value))
    is_read = any(isinstance(part, ast.Attribute) and part.attr == "environ" for part in parts)
    is_text = any(isinstance(p, ast.Constant) and isinstance(p.value, str | bytes) for p in parts)
    return not is_read and (is_text or bool(called(value) & {"token_urlsafe", "token_hex"}))


def logs_other_sites_in(source: str) -> list[str]:
    """Return the functions that open a session and set its cookies: they ask for no origin.

    `LoginView` does, and keeps the two apart: `begin` opens the session, `answer` sets the cookies.
    The callback of a login at a provider comes from another site by nature. There Authlib's
    ``authorize_access_token`` asks: it refuses a state that is not in the session of this browser,
    and only a login that was begun in this browser puts one there.
    """
    both = [one for one in functions(source) if {"login", "set_cookies"} <= called(one)]
    return [one.name for one in both if not _asks_for_state(one)]


def _asks_for_state(function: Function) -> bool:
    """Say whether Authlib checks the state in each call of *function*, before the login.

    It has to be the first statement, outside of every condition, and nothing may catch what it
    raises.
    """
    body = function.body
    first = body[0] if ast.get_docstring(function) is None else body[1]
    if not isinstance(first, ast.Assign):
        return False
    value = first.value.values[0] if isinstance(first.value, ast.BoolOp) else first.value
    is_sure = not any(isinstance(part, ast.IfExp) for part in ast.walk(value))
    return is_sure and "authorize_access_token" in called(value)


#: A comparison that is left out for a name that nobody has.
_QUICK_NO = re.compile(r"(\bor not|\band) check_password_hash\(")
#: A member of JSON that a client may send as an array, or leave out: an error 500.
_BLIND = re.compile(r"(get_json\([^)]*\)|request\.json)\[|\(request\.(json\b|get_json\()")


def careless(source: str) -> list[str]:
    """Return the lines that tell which names exist, or break by a body that nobody expects."""
    lines = [line.strip() for line in source.splitlines()]
    return [line for line in lines if _QUICK_NO.search(line) or _BLIND.search(line)]


def unescaped(source: str) -> list[str]:
    """Return the views whose text holds what a client sent or stored: browsers take it for HTML.

    A dictionary is answered as JSON, and a template escapes.
    """
    views = [view for view in functions(source) if _is_routed(view)]
    return [view.name for view in views if any(map(_names_of(view), _returned(view)))]


def _is_routed(view: Function) -> bool:
    routes = {"get", "post", "put", "delete", "route"}
    return any(called(decorator) & routes for decorator in view.decorator_list)


def _returned(view: Function) -> Iterator[ast.expr]:
    """Yield f-strings that *view* returns, and what it returns a member of."""
    for node in ast.walk(view):
        match node:
            case ast.Return(value=ast.JoinedStr() as text):
                yield text
            case ast.Return(value=ast.Subscript(value=whole) | ast.Attribute(value=whole)):
                yield whole


def _names_of(view: Function) -> Callable[[ast.expr], bool]:
    """Return what says whether an expression names something of the request."""
    foreign = {"request", "current_resource"} | {one.arg for one in view.args.args}
    return lambda text: any(getattr(node, "id", "") in foreign for node in ast.walk(text))
