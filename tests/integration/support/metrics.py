"""The numbers of GET /metrics."""

import re

_LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def metrics(api):
    """All samples: {(name, frozenset of labels): value}."""
    text = api.get("/metrics").content.decode()
    samples = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            found = _LINE.fullmatch(line)
            assert found, f"not a line of the Prometheus format: {line!r}"
            labels = frozenset(_LABEL.findall(found["labels"] or ""))
            samples[found["name"], labels] = float(found["value"])
    return samples


def metric(api, name, **labels):
    """The sum of the samples of that name that have these labels; None if there are none."""
    wanted = set(labels.items())
    values = [
        value for (each, has), value in metrics(api).items() if each == name and wanted <= has
    ]
    return sum(values) if values else None
