"""Waiting without a guess at how long things take."""

import time

# Far more than anything needs; a loaded machine is slow, not wrong.
PATIENCE_SECONDS = 60


def eventually(condition, what, timeout=PATIENCE_SECONDS):
    """Returns the first true result of `condition`, and fails with `what` when none comes."""
    deadline = time.monotonic() + timeout
    pause = 0.01
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(
                f"did not happen within {timeout} s: {what() if callable(what) else what}"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
