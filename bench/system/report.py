"""The table and the chart of what compare.py measured."""

import statistics


def median(result, name, member="per_second"):
    return statistics.median(each[member] for each in result["samples"][name])


def ratio(result, above, below):
    """Median of the ratios within each turn, so that drift of the machine cancels."""
    pairs = zip(result["samples"][above], result["samples"][below])
    return statistics.median(a["per_second"] / b["per_second"] for a, b in pairs)


def spread(result, name):
    rates = [each["per_second"] for each in result["samples"][name]]
    return (max(rates) - min(rates)) / statistics.median(rates)


def targets(result):
    """What was aimed at: text, goal, measured, whether more is better."""
    sync = statistics.median([result["fdatasync_us"], result["fdatasync_us_after"]])
    one = ("ceiling, 1 connection", "authorize, 1 connection")
    rows = [
        ("authorize against the ceiling, burst", 0.75, ratio(result, "authorize", "ceiling"), True),
    ]
    if "sustained" in result:
        sustained = result["sustained"]
        rows.append(
            (
                "authorize against the ceiling, sustained, in PostgreSQL",
                0.5,
                sustained["applied_per_second"] / sustained["ceiling_per_second"],
                True,
            )
        )
    batch = ratio(result, "batch of 500 debits", "debit") * 500
    return rows + [
        (
            "one hot wallet against 100,000 wallets",
            0.95,
            ratio(result, "debit, 1 wallet", "debit, 100,000 wallets"),
            True,
        ),
        ("debit against Redis, synced", 5, ratio(result, "debit", "Redis debit"), True),
        ("debit against PostgreSQL", 7, ratio(result, "debit", "PostgreSQL debit"), True),
        (
            "debit against PostgreSQL, one wallet",
            25,
            ratio(result, "debit, 1 wallet", "PostgreSQL debit, 1 wallet"),
            True,
        ),
        ("operations of a batch against single debits", 4, batch, True),
        (
            "one connection: (p50 - the ceiling's p50) / fdatasync",
            1.5,
            (median(result, one[1], "p50_us") - median(result, one[0], "p50_us")) / sync,
            False,
        ),
        (
            "64 connections: p99 / (2 times the ceiling's p99 + 2 fdatasync)",
            1,
            median(result, "authorize", "p99_us")
            / (2 * median(result, "ceiling", "p99_us") + 2 * sync),
            False,
        ),
    ]


def table(result):
    machine = result["machine"]
    lines = [
        f"Measured {result['at']} at commit {result['commit']} "
        f"with `{result['command'].strip()}`: "
        f"{machine['cpu']}, {machine['cores']} cores that all share with the load generator and "
        f"PostgreSQL, {machine['memory_gib']} GiB, {machine['system']}, "
        f"kernel {machine['kernel']}; "
        f"one fdatasync {result['fdatasync_us']:.0f} us. "
        + "; ".join(result["versions"].values())
        + ".",
        "",
        "| load | requests/s | spread | of the ceiling | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|",
    ]
    for name in result["samples"]:
        base = "ceiling, 1 connection" if "1 connection" in name else "ceiling"
        lines.append(
            f"| {name} | {median(result, name):,.0f} | {spread(result, name) * 100:.0f} % "
            f"| {ratio(result, name, base):.2f} | {median(result, name, 'p50_us') / 1000:.2f} "
            f"| {median(result, name, 'p99_us') / 1000:.2f} |"
        )
    if "sustained" in result:
        sustained = result["sustained"]
        lags = ", ".join(f"{each:,}" for each in sustained["lag_records"])
        lines += [
            "",
            f"Sustained for {sustained['seconds']} s: {sustained['per_second']:,.0f} "
            f"authorizations/s answered, {sustained['applied_per_second']:,.0f}/s carried into "
            f"PostgreSQL meanwhile; the ceiling then {sustained['ceiling_per_second']:,.0f}/s. "
            f"Records that PostgreSQL lacked, after each sixth: {lags}.",
        ]
    lines += ["", "| target | goal | measured | |", "|---|---|---|---|"]
    for text, goal, measured, more in targets(result):
        met = measured >= goal if more else measured <= goal
        bound = "at least" if more else "at most"
        verdict = "met" if met else "not met"
        lines.append(f"| {text} | {bound} {goal} | {measured:.2f} | {verdict} |")
    return "\n".join(lines) + "\n"


def chart(result, path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "faregate"
    from matplotlib import pyplot

    names = [name for name in result["samples"] if "1 connection" not in name]
    rates = []
    for name in names:
        operations = 500 if name.startswith("batch") else 1
        rates.append([each["per_second"] * operations for each in result["samples"][name]])
    middles = [statistics.median(each) for each in rates]
    errors = [
        [middle - min(each) for middle, each in zip(middles, rates)],
        [max(each) - middle for middle, each in zip(middles, rates)],
    ]
    theirs = ("Redis", "PostgreSQL")
    colours = [
        "#9aa0a6" if name == "ceiling" else "#c5722b" if name.startswith(theirs) else "#1f6f78"
        for name in names
    ]
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(names) + 1.2))
    axes.barh(names, middles, xerr=errors, color=colours, ecolor="#444444", capsize=2)
    for row, middle in enumerate(middles):
        axes.text(middle * 1.05, row, f" {middle:,.0f}", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_xlabel("operations per second, logarithmic: median, lowest and highest")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
