"""A disk that forgets what was not synced, so that a kill is as hard as a loss of power."""

import subprocess
from pathlib import Path


def build_lossy_disk(directory):
    """Compiles the library; a server that has it in LD_PRELOAD loses what it wrote and did not
    sync. LOSSY_DISK_SYNC_MS is how long a sync takes, so that there is something to lose."""
    library = Path(directory) / "lossy_disk.so"
    source = Path(__file__).parent / "lossy_disk.cpp"
    subprocess.run(
        ["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True
    )
    return library
