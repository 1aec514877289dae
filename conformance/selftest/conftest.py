"""Settings of property tests: no test depends on how fast the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "drawplate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("drawplate")
