"""The wall clock jumps by hours, both ways, while the server runs and between two starts: nothing
happens before its time, and no stamp ever goes back."""

import asyncio
import glob
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import create_assets
from fault_load import Load
from support.metrics import metric
from support.poll import eventually
from support.times import moment

HOUR = 3600


class FakeClock:
    """The wall clock of a server: the real one, and an offset that a file holds."""

    def __init__(self, directory):
        self.file = directory / "clock"
        self.set(0)

    def set(self, seconds):
        # Renamed into place, since the server reads it at every look at the clock.
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.file)

    def settings(self):
        return {
            "LD_PRELOAD": find_library(),
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_NO_CACHE": "1",
            # What measures how long something takes goes on as it is.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


def find_library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert found, "libfaketime is missing; its package, faketime, is in scripts/packages.txt"
    return found[0]


@pytest.fixture
def clock(own_servers):
    return FakeClock(own_servers.directory)


@pytest.fixture
def server(own_servers, clock):
    server = own_servers.make(**clock.settings()).start()
    create_assets(server.api())
    return server
