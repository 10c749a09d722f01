#!/usr/bin/python3
"""Checks what the compiler cannot: module boundaries and the house style.

usage: tidy.py [ROOT] [CHECK...]

Debian keeps the headers of all libraries in one directory, so CMake cannot keep Boost out of the
ledger. This does: MODULES says what each module may include. A problem is a line `path:line: what`.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

# Families of headers, by the spelling between the quotes or angle brackets.
HEADERS = {
    "std": r"[a-z_]+",
    "expected": r"tl/expected\.hpp",
    "fmt": r"fmt/\w+\.h",
    "posix": r"((sys|linux)/)?[a-z0-9_]+\.h",
    "boost_crc": r"boost/crc\.hpp",
    "boost": r"boost/(?!asio|beast).*",
    "boost_net": r"boost/.*",
    "openssl": r"openssl/.*",
    "protobuf": r"google/protobuf/.*|record\.pb\.h",
    "spdlog": r"spdlog/.*",
    "pqxx": r"pqxx/.*|libpq-fe\.h",
    "json": r"nlohmann/.*",
    "prometheus": r"prometheus/.*",
    "any": r".*",
}
EVERYWHERE = ["std", "expected", "fmt"]


@dataclass(frozen=True)
class Module:
    """The modules and the families of library headers that a module may include."""

    modules: list
    headers: list


BELOW_HTTP = ["core", "ledger", "journal", "engine", "postgres"]
MODULES = {
    "core": Module([], []),
    "ledger": Module(["core"], []),
    "rating": Module(["core"], ["boost"]),
    "journal": Module(["core"], ["posix", "boost_crc", "openssl"]),
    "engine": Module(
        ["core", "ledger", "journal"], ["boost", "openssl", "protobuf", "spdlog"]
    ),
    "node": Module(["core", "ledger", "journal", "engine"], ["spdlog"]),
    "postgres": Module(
        ["core", "ledger", "journal", "engine"], ["posix", "boost", "openssl", "pqxx", "spdlog"]
    ),
    "http": Module(
        BELOW_HTTP, ["posix", "boost_net", "json", "openssl", "prometheus", "spdlog"]
    ),
    "cli": Module([*BELOW_HTTP, "node", "http"], ["any"]),
}

# The ledger and the rating are functions of their inputs: the same journal gives the same state
# everywhere, and the same event and prices the same charge.
IMPURE_HEADERS = {
    "atomic", "chrono", "condition_variable", "ctime", "filesystem", "fstream", "future",
    "iostream", "mutex", "random", "shared_mutex", "thread", "unordered_map", "unordered_set",
}  # fmt: skip

# Rating counts days and months, which needs the calendar of <chrono> and no clock.
PURE_MODULES = {"ledger": IMPURE_HEADERS, "rating": IMPURE_HEADERS - {"chrono"}}

# Where money is, or the bytes that carry it.
EXACT_MODULES = {"core", "ledger", "rating", "journal", "engine"}

COLUMNS_MAX = 100
LINES_MAX = 500
SOURCE_FOLDERS = ["include", "src", "migrations", "tests", "bench"]
CPP_SUFFIXES = {".h", ".cpp"}
TEXT_SUFFIXES = CPP_SUFFIXES | {".py", ".proto", ".sql"}

TOKEN = re.compile(
    r'R"(?P<delimiter>[^\s()\\]{0,16})\((?:.|\n)*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'"
    r"|(?P<comment>//[^\n]*|/\*(?:.|\n)*?\*/)"
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
CO_AWAIT = re.compile(r"\bco_await\b")


def blank(match):
    """Spaces in place of a token, so that offsets and line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group())


def without_comments(text):
    return TOKEN.sub(lambda match: blank(match) if match.group("comment") else match.group(), text)


def only_code(text):
    """The text without comments, strings and characters; their places are blank."""
    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def module_of(path):
    """The module that a file belongs to, or None: include/faregate/X/... and src/X/... are X's."""
    parts = path.parts
    if parts[:2] == ("include", "faregate") and len(parts) > 3:
        return parts[2]
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return None


# A check is a generator: (path below the root, text) -> (line, what is wrong).


def check_includes(path, text):
    """Each module includes only the modules and libraries that its row allows."""
    module = module_of(path)
    if module is None or path.suffix not in CPP_SUFFIXES:
        return
    if module not in MODULES:
        yield 1, f"module '{module}' has no row in tests/tidy/tidy.py"
        return
    for match in INCLUDE.finditer(without_comments(text)):
        problem = problem_with_include(module, path, match.group(1))
        if problem:
            yield line_of(text, match.start(1)), problem


def problem_with_include(module, path, header):
    allowed = MODULES[module]
    parts = header.split("/")
    if parts[0] == "faregate":
        target = parts[1]
        if target != module and target not in allowed.modules:
            return f"{module} may not include {target} ({header})"
        return None
    if parts[0] in MODULES and len(parts) > 1:
        if path.parts[0] == "include":
            return f"a public header may not include a private one ({header})"
        if parts[0] != module:
            return f"{header} is a private header of {parts[0]}"
        return None
    if header in PURE_MODULES.get(module, ()):
        return f"{module} is pure: it may not include <{header}>"
    families = [*EVERYWHERE, *allowed.headers]
    if not any(re.fullmatch(HEADERS[family], header) for family in families):
        return f"{module} may not include <{header}>"
    return None


def check_money(path, text):
    """No floating point near money."""
    if module_of(path) in EXACT_MODULES and path.suffix in CPP_SUFFIXES:
        for match in re.finditer(r"\b(float|double|stod|strtod|stof)\b", only_code(text)):
            yield line_of(text, match.start()), f"no floating point here ({match.group()})"


def check_coroutines(path, text):
    """What g++ 12.2 may compile into a double free: temporaries with braces, conditionals."""
    if path.suffix not in CPP_SUFFIXES:
        return
    code = only_code(text)
    for match in CO_AWAIT.finditer(code):
        operand = operand_of(code, match.end())
        for trap, name in (("{", "a brace"), ("?", "a conditional")):
            if trap in operand:
                yield line_of(code, match.start()), (
                    f"{name} inside a co_await expression; make it a named local first"
                )


def operand_of(code, start):
    """The rest of the expression that begins at `start`."""
    depth = 0
    for offset in range(start, len(code)):
        letter = code[offset]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and letter in ";,"):
            return code[start:offset]
    return code[start:]


def check_style(path, text):
    """Size, width and the small habits that clang-format leaves alone."""
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        yield len(lines), f"{len(lines)} lines; a file has at most {LINES_MAX}"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns; a line has at most {COLUMNS_MAX}"
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
    if path.suffix == ".h" and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield 1, "a header without #pragma once"
    if path.suffix in CPP_SUFFIXES:
        for match in re.finditer(r"\bstd::(un)?expected\b|<expected>", only_code(text)):
            yield line_of(text, match.start()), "clang-14 has no std::expected; use Result"


CHECKS = {
    "includes": check_includes,
    "money": check_money,
    "coroutines": check_coroutines,
    "style": check_style,
}


def files_below(root):
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in TEXT_SUFFIXES and path.is_file():
                yield path


def problems(root, names):
    """All problems of the tree at root that the named checks find, as printable lines."""
    for path in files_below(root):
        below = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        for name in names:
            for line, problem in CHECKS[name](below, text):
                yield f"{below}:{line}: {problem}"


def main(arguments):
    root = Path(arguments[0] if arguments else ".").resolve()
    names = arguments[1:] or list(CHECKS)
    unknown = set(names) - set(CHECKS)
    if unknown:
        sys.exit(f"tidy.py: no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    if not (root / "src").is_dir():
        sys.exit(f"tidy.py: {root} has no src/")
    found = list(problems(root, names))
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
