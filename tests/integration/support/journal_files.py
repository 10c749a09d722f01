"""The bytes of a journal's directory, as docs/journal-format.md specifies them."""

import struct

SECTOR = 512
FILE_MAGIC = b"FGJF"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def paths(directory):
    return sorted(directory.glob("*.journal"))


def file_size(header):
    """What a file's first sector says of its size."""
    assert header[:4] == FILE_MAGIC
    return struct.unpack_from("<Q", header, 32)[0]


def with_version(header, version):
    """The first sector of a file with another format version, and a checksum that is right."""
    changed = header[:4] + struct.pack("<H", version) + header[6 : SECTOR - 4]
    return changed + struct.pack("<I", crc32c(changed))


def unpack(source, target):
    """Copies files that were kept without the zeros at their ends."""
    target.mkdir(parents=True)
    for path in paths(source):
        data = path.read_bytes()
        with (target / path.name).open("wb") as out:
            out.write(data)
            out.truncate(file_size(data))


class Contents:
    """What the files of a directory have in them, to be put back in place later."""

    def __init__(self, directory):
        self.directory = directory
        self.files = {}
        for path in paths(directory):
            data = path.read_bytes()
            self.files[path.name] = (len(data), data.rstrip(b"\0"))

    def __eq__(self, other):
        return self.files == other.files

    def restore(self):
        for path in paths(self.directory):
            if path.name not in self.files:
                path.unlink()
        for name, (size, data) in self.files.items():
            path = self.directory / name
            with path.open("r+b" if path.exists() else "wb") as out:
                out.truncate(0)
                out.write(data)
                out.truncate(size)
