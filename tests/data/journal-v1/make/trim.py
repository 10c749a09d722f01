"""Copies the journal files of one directory to another, without the zeros at their ends."""

import sys
from pathlib import Path

source, target = map(Path, sys.argv[1:])
target.mkdir(parents=True)
for path in source.glob("*.journal"):
    (target / path.name).write_bytes(path.read_bytes().rstrip(b"\0"))
