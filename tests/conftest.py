"""No test is timed: a machine that is busy is no fault of the code."""

from hypothesis import settings

settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")
