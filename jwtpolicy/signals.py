"""The blinker signals of the library, which an application can connect receivers to."""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: A refresh token that was used before came back; its session has been ended. Sent by the
#: application, with ``token``.
refresh_reused = _signals.signal("jwtpolicy-refresh-reused")

#: A login opened a session. Sent by the application, with ``session_id`` (None without a store).
logged_in = _signals.signal("jwtpolicy-logged-in")

#: A session was ended by its own user. Sent by the application, with ``token``.
logged_out = _signals.signal("jwtpolicy-logged-out")
