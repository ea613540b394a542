"""Settle how long properties are tried."""

from hypothesis import settings

settings.register_profile("laws", max_examples=100, deadline=None)
settings.load_profile("laws")
