#!/usr/bin/env python3
"""What a replay of a trace captures in total, computed without any of the server's code.

usage: expected_total.py TRACE.csv [--prices FILE] [--max-output N] [--limit N]

Row i takes model i of the price file, in turn. A call costs its prompt plus what it generated, at
most the allowed output. Prices are per million tokens; all arithmetic is decimal and exact.
"""

import argparse
import csv
import json
from decimal import Context, Decimal, Inexact, Overflow, setcontext
from itertools import islice
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trace", nargs="?", default=EXAMPLES / "azure_llm_conv_2023.csv")
    parser.add_argument("--prices", default=EXAMPLES / "prices.json")
    parser.add_argument("--max-output", type=int, default=1024)
    parser.add_argument("--limit", type=int, default=0)
    arguments = parser.parse_args()
    # An inexact step raises instead of rounding.
    setcontext(Context(prec=60, traps=[Inexact, Overflow]))
    models = json.loads(Path(arguments.prices).read_text())["models"]
    total = Decimal(0)
    with open(arguments.trace, newline="") as file:
        rows = csv.DictReader(file)
        for i, row in enumerate(islice(rows, arguments.limit or None)):
            model = models[i % len(models)]
            context = int(row["ContextTokens"])
            generated = min(int(row["GeneratedTokens"]), arguments.max_output)
            per_million = context * Decimal(model["input"]) + generated * Decimal(model["output"])
            total += per_million / 1_000_000
    print(f"{total.normalize():f}")


if __name__ == "__main__":
    main()
