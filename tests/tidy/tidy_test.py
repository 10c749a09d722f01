#!/usr/bin/python3
"""The tidy checks find what they are for: each test feeds them a small tree."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import tidy  # noqa: E402


def check(name, path, text):
    """The problems that one check finds in a tree with one file."""
    with tempfile.TemporaryDirectory() as root:
        file = Path(root, path)
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        return list(tidy.problems(Path(root), [name]))


class Includes(unittest.TestCase):
    def refused(self, path, include):
        found = check("includes", path, f"#pragma once\n#include {include}\n")
        self.assertEqual(len(found), 1, f"{path} includes {include}: {found}")
        self.assertTrue(found[0].startswith(f"{path}:2: "), found[0])

    def allowed(self, path, include):
        self.assertEqual(check("includes", path, f"#include {include}\n"), [])

    def test_ledger_may_not_include_boost(self):
        self.refused("src/ledger/decide.cpp", "<boost/asio.hpp>")
        self.refused("src/ledger/decide.cpp", "<boost/unordered/unordered_flat_map.hpp>")
        self.refused("include/faregate/ledger/decide.h", "<boost/crc.hpp>")

    def test_journal_may_not_include_ledger(self):
        self.refused("src/journal/writer.cpp", '"faregate/ledger/wallet.h"')
        self.refused("include/faregate/journal/writer.h", '"faregate/ledger/wallet.h"')

    def test_no_module_includes_one_above_it(self):
        for place, lower in enumerate(tidy.MODULES):
            for higher in list(tidy.MODULES)[place + 1 :]:
                self.refused(f"src/{lower}/x.cpp", f'"faregate/{higher}/x.h"')

    def test_ledger_and_journal_do_not_know_each_other(self):
        self.refused("src/ledger/x.cpp", '"faregate/journal/x.h"')

    def test_private_headers_of_another_module_are_refused(self):
        self.refused("src/http/server.cpp", '"journal/frame.h"')
        self.refused("src/cli/main.cpp", '"engine/stripe.h"')

    def test_a_public_header_may_not_include_a_private_one(self):
        self.refused("include/faregate/journal/writer.h", '"journal/frame.h"')

    def test_ledger_is_pure(self):
        for header in ("chrono", "random", "thread", "mutex", "iostream", "unordered_map"):
            self.refused("src/ledger/x.cpp", f"<{header}>")

    def test_rating_is_pure(self):
        for header in ("random", "thread", "mutex", "iostream", "unordered_map"):
            self.refused("src/rating/x.cpp", f"<{header}>")
        self.allowed("src/rating/period.cpp", "<chrono>")

    def test_ledger_and_rating_do_not_know_each_other(self):
        self.refused("src/ledger/x.cpp", '"faregate/rating/x.h"')
        self.refused("src/rating/x.cpp", '"faregate/ledger/x.h"')

    def test_network_stays_in_http(self):
        self.refused("src/engine/engine.cpp", "<boost/asio/io_context.hpp>")
        self.refused("src/engine/engine.cpp", "<boost/beast/core.hpp>")
        self.refused("src/postgres/projector.cpp", "<boost/asio.hpp>")

    def test_pqxx_stays_in_postgres(self):
        self.refused("src/http/server.cpp", "<pqxx/pqxx>")
        self.refused("src/engine/engine.cpp", "<pqxx/pqxx>")

    def test_json_stays_in_http_and_cli(self):
        self.refused("src/engine/engine.cpp", "<nlohmann/json.hpp>")

    def test_a_module_without_a_row_is_named(self):
        self.assertIn("no row", check("includes", "src/payments/x.cpp", "\n")[0])

    def test_what_the_table_allows_passes(self):
        self.allowed("src/core/amount.cpp", "<fmt/format.h>")
        self.allowed("src/ledger/decide.cpp", '"faregate/core/amount.h"')
        self.allowed("src/ledger/decide.cpp", '"ledger/funds.h"')
        self.allowed("src/journal/frame.cpp", "<boost/crc.hpp>")
        self.allowed("src/journal/frame.cpp", "<sys/stat.h>")
        self.allowed("src/engine/record.cpp", '"record.pb.h"')
        self.allowed("src/http/session.cpp", "<boost/beast/http.hpp>")
        self.allowed("src/postgres/projector.cpp", '"faregate/engine/projection.h"')

    def test_a_comment_includes_nothing(self):
        comment = "// #include <boost/asio.hpp>\n/*\n#include <pqxx/pqxx>\n*/\n"
        self.assertEqual(check("includes", "src/ledger/x.cpp", comment), [])


class Money(unittest.TestCase):
    def test_floating_point_is_refused_where_money_is(self):
        for module in ("core", "ledger", "rating", "journal", "engine"):
            found = check("money", f"src/{module}/x.cpp", "\nstatic_cast<double>(amount);\n")
            self.assertEqual(len(found), 1)

    def test_words_in_comments_and_strings_are_not_floating_point(self):
        text = '// double entry\nlog("a double-entry posting");\nint double_entry;\n'
        self.assertEqual(check("money", "src/ledger/x.cpp", text), [])


class Coroutines(unittest.TestCase):
    def found(self, statement):
        return check("coroutines", "src/http/x.cpp", f"auto f() {{\n    {statement}\n}}\n")

    def test_braces_and_conditionals_inside_co_await_are_refused(self):
        for statement in (
            "co_await write(Reply{status, body});",
            "auto reply = co_await handle({.a = 1});",
            "co_await post([=] { use(value); });",
            "co_await post([value = std::move(value)] { use(value); });",
            "co_await write(late ? first : second);",
            "co_return co_await f(\n        g{});",
        ):
            self.assertEqual(len(self.found(statement)), 1, statement)

    def test_what_follows_the_expression_is_free(self):
        for statement in (
            "if (co_await read(request)) { return; }",
            "for (auto x = co_await f(); x; ++x) { g(x ? 1 : 2); }",
            "f(co_await g(), Reply{});",
            "auto x = co_await read(socket, Options()); Reply reply{x};",
            'co_await write("a { brace");  // and {one} more?',
        ):
            self.assertEqual(self.found(statement), [], statement)


class Style(unittest.TestCase):
    def found(self, text, path="src/core/x.cpp"):
        return check("style", path, text)

    def test_width_tabs_and_blanks_are_counted(self):
        self.assertEqual(self.found("x" * 100 + "\n"), [])
        self.assertEqual(len(self.found("x" * 101 + "\n")), 1)
        self.assertEqual(len(self.found("\tx\n")), 1)
        self.assertEqual(len(self.found("x \n")), 1)
        self.assertEqual(len(self.found("x")), 1)

    def test_width_counts_characters_not_bytes(self):
        self.assertEqual(self.found("é" * 100 + "\n"), [])

    def test_a_file_of_more_than_500_lines_is_refused(self):
        self.assertEqual(self.found("x\n" * 500), [])
        self.assertEqual(len(self.found("x\n" * 501)), 1)

    def test_a_header_needs_pragma_once(self):
        self.assertEqual(len(self.found("int x;\n", "src/core/x.h")), 1)
        self.assertEqual(self.found("#pragma once\n", "src/core/x.h"), [])

    def test_std_expected_is_refused(self):
        self.assertEqual(len(self.found("std::expected<int, Error> f();\n")), 1)


if __name__ == "__main__":
    unittest.main()
