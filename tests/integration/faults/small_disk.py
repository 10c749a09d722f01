"""File systems of some size, and what fills them."""

import contextlib
import subprocess

import pytest


def mount(directory, size, **options):
    """Mounts one on a directory, or skips the test where that is not allowed."""
    words = [f"size={size}", *(f"{name}={value}" for name, value in options.items())]
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(words), "faregate-test", directory],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


def unmount(directory):
    subprocess.run(["umount", "--lazy", directory], check=True)


def fill(file):
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(64 << 10))
