"""Let drawn tokens, users and policies take as long as a loaded machine needs for them."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "kit", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kit")
