"""No protection: what every other system is compared with."""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template

from .base import ADA, System, View

_TOKEN = "a" * 300


class Bare(System):
    """The views as they are, which answer whoever asks."""

    name = "bare"

    def required(self, view: View) -> View:
        return view

    tree = optional = refresh_required = required

    def login(self) -> Any:
        return jsonify(access_token=_TOKEN, refresh_token=_TOKEN)

    refresh = login

    def page(self) -> str:
        return render_template(self._page, current_user=ADA)

    def issue(self) -> str:
        return _TOKEN

    token = refresh_token = issue
