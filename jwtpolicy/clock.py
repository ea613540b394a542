"""Say what time it is, in one place, so that tests can say it too."""

import time
from collections.abc import Callable

#: Seconds since the epoch, as ``time.time`` gives them. Every part takes one of these.
Clock = Callable[[], float]

system_clock: Clock = time.time
