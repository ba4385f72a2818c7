"""No test is timed: a machine that is busy is no fault of the code. And none minds where it was started from."""

import signal

from hypothesis import settings

settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")

# `nohup make test &`: a shell gives its jobs in the background a SIGINT that is ignored, and every process that a test
# starts would inherit that. With a handler of one's own they start as at a prompt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)
