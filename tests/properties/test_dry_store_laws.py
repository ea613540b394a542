"""The store of a dry run answers as the real one would after the same calls, and writes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy.stores import MemoryStore
from jwtpolicy.stores.dry import DryStore
from tests.support.stores.courses import VERBS, Course, Drawn

verbs = st.sampled_from([*VERBS, "open_session", "rotate", "rotate", "replace", "touch"])
steps = st.builds(Drawn, verbs, st.integers(0, 7), st.integers(0, 3), st.integers(0, 2))
courses = st.lists(steps, max_size=12)
#: One request, in one second: what idles away meanwhile cannot be foreseen, since the other store
#: no longer tells what it knew of such a session.
requests = st.lists(steps.map(lambda step: step._replace(seconds=0)), max_size=8)
graces = st.sampled_from([0, 4])


@settings(max_examples=300)
@given(graces, courses, requests)
def test_a_dry_store_answers_as_if_it_had_written(
    grace: int, before: list[Drawn], during: list[Drawn]
) -> None:
    course, read, written = Course(grace), MemoryStore(), MemoryStore()
    for step in before:
        course.play(step, read, written)
    dry = DryStore(read, [])

    for step in during:
        said, foreseen = course.play(step, written, dry)

        assert foreseen == said
        assert course.seen(dry) == course.seen(written)


@given(graces, courses, requests)
def test_a_dry_store_leaves_the_store_that_it_reads_as_it_was(
    grace: int, before: list[Drawn], during: list[Drawn]
) -> None:
    course, read, twin = Course(grace), MemoryStore(), MemoryStore()
    for step in before:
        course.play(step, read, twin)
    dry = DryStore(read, [])

    for step in during:
        course.play(step, dry)

    kept = ("_tokens", "_records", "_by_subject", "_cut_offs", "_floors")
    assert [vars(read)[name] for name in kept] == [vars(twin)[name] for name in kept]
