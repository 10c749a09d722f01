"""A directory for one benchmark, whose servers end with it, and a way to end with a message."""

import argparse
import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from contestants import Failed


@contextlib.contextmanager
def bench_directory():
    directory = Path(tempfile.mkdtemp(prefix="faregate-bench-"))
    # PostgreSQL runs as another user and has to reach its part of it.
    directory.chmod(0o755)
    try:
        yield directory
    except Failed as failed:
        sys.exit(f"bench: {failed}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def positive(text):
    """An argument that is a number of things or seconds."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return int(text)


def say(text):
    print(text, file=sys.stderr, flush=True)
