"""Commands and queries that the documents promise, taken from them, so that they cannot rot."""

import re

from support.postgres import ROOT

DOCUMENTS = ROOT / "docs"


def blocks(document, language):
    """The fenced blocks of a language, each with what stands before it in its section."""
    found, before, block = [], "", None
    for line in (DOCUMENTS / document).read_text().splitlines():
        if block is not None:
            if line.strip() == "```":
                found.append((before, "\n".join(block)))
                block = None
            else:
                block.append(line)
        elif line.strip() == f"```{language}":
            block = []
        elif line.startswith("#"):
            before = line
        else:
            before += "\n" + line
    return found


def conservation_query(document):
    """The document's SQL that finds money which appeared or vanished."""
    for before, query in blocks(document, "sql"):
        if re.search("conservation", before, re.IGNORECASE):
            return query
    raise AssertionError(f"there is no conservation query in docs/{document}")
