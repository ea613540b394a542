"""Several machines, the store that they share, and the caches in front of it."""

from __future__ import annotations

from jwtpolicy.stores.caching import MAX_SECONDS

from .drawing import NARROW, WIDE, Box, Drawing, columns

TITLE = "Several machines share one store"
FORMS = (NARROW, WIDE)

#: What is asked of the store, by the setting that says so.
ASKED = {
    "no cache": "each guarded request asks the store once",
    "JWT_STORE_CACHE_SECONDS": f"a process keeps a good answer for {MAX_SECONDS:g} seconds at most",
    "JWT_STORE_NEAR_CACHE": "Redis tells each process what has changed",
}


def words() -> str:
    """Return in words what the picture shows."""
    asked = "; ".join(f"{name}: {meaning}" for name, meaning in ASKED.items())
    return (
        "A load balancer sends requests to several machines, which have the same keys and the "
        "same JWT_STORE_URL. All ask one store, Redis or a database: its primary, and never a "
        f"replica. A process may have a cache in front of the store. {asked}."
    )


def draw(drawing: Drawing) -> None:
    """Draw the machines between the load balancer and the store."""
    middle = drawing.width / 2
    balancer = drawing.box(middle - 75, 1, 150, "load balancer")
    machines = _machines(drawing, balancer)
    bottom = machines[0].bottom
    store = drawing.box(
        middle - 105, bottom + 54, 210, "store", "primary of Redis or a database", kind="good"
    )
    spread = 150 / (len(machines) - 1)
    for number, box in enumerate(machines):
        x = middle - 75 + spread * number
        drawing.down(box, bottom + 26, (x, store.y), "good")
    if drawing.is_narrow:
        replica = drawing.box(
            middle - 65, store.bottom + 32, 130, "replica", "never asked", kind="dashed"
        )
        drawing.arrow((middle, store.bottom), (middle, replica.y), kind="dashed")
    else:
        replica = drawing.box(
            store.right + 60, store.y, 130, "replica", "never asked", kind="dashed"
        )
        drawing.arrow((store.right, store.centre), (replica.x, store.centre), kind="dashed")
    _asked(drawing, replica.bottom + 22)


def _machines(drawing: Drawing, balancer: Box) -> list[Box]:
    """Draw the machines, and return their boxes."""
    boxes = []
    count, gap = (2, 16) if drawing.is_narrow else (3, 30)
    for number, (x, wide) in enumerate(columns(drawing.width - 2, count, gap), 1):
        box = drawing.frame(x + 1, 76, wide, 128)
        drawing.text(box.middle, 94, f"machine {number}", "head", "middle")
        drawing.text(box.middle, 113, "same keys, same", "small", "middle", "quiet")
        drawing.text(box.middle, 130, "JWT_STORE_URL", "tiny-code", "middle")
        drawing.frame(box.x + 12, 146, wide - 24, 46, "dashed")
        drawing.text(box.middle, 161, "a cache in each", "small", "middle")
        drawing.text(box.middle, 177, "process, if wanted", "small", "middle")
        drawing.down(balancer, 58, (box.middle, box.y))
        boxes.append(box)
    return boxes


def _asked(drawing: Drawing, top: float) -> None:
    """Write how often the store is asked: in lines, or in columns."""
    columns_of = [(0.0, drawing.width)] * 3 if drawing.is_narrow else columns(drawing.width, 3, 24)
    y = top
    for (name, meaning), (x, wide) in zip(ASKED.items(), columns_of, strict=True):
        drawing.text(x, y + 8, name, "tiny-code")
        end = drawing.prose(x, y + 19, meaning, wide, tone="quiet")
        y = end + 8 if drawing.is_narrow else top
