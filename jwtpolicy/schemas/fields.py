"""Fields for claims that JSON has no type for: `NumericDate`."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

from ..tokens.claims import MAX_TIME


class NumericDate(fields.Field):  # type: ignore[type-arg] # generic in marshmallow 4 only
    """Seconds since the epoch in the token, an aware datetime in Python.

    (:rfc:`7519#section-2`, "NumericDate".) A naive datetime is refused, because its time zone is
    not known.
    """

    default_error_messages = {  # noqa: RUF012 # as the base class has it
        "invalid": "Not a number of seconds since the epoch.",
        "naive": "Not an aware datetime.",
    }

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValidationError(str(self.error_messages["naive"]), attr or "_schema")
        seconds = value.timestamp()
        return int(seconds) if seconds.is_integer() else seconds

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.make_error("invalid")
        if not 0 <= value <= MAX_TIME:
            raise self.make_error("invalid")
        return datetime.fromtimestamp(value, UTC)
