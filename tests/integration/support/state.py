"""Everything that a server knows, as one value to compare."""

from support.metrics import metric


def fingerprint(server):
    """The newest LSN, all wallets as the server sees them, and all tables of the database."""
    api = server.api()
    lsn = int(metric(api, "faregate_durable_lsn"))
    server.wait_applied(lsn)
    tables = [
        row["name"]
        for row in server.database.rows(
            """
            SELECT quote_ident(c.relname) AS name FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND NOT c.relispartition ORDER BY 1"""
        )
    ]
    contents = " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS rows,"
        f" md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM {table} t"
        for table in tables
    )
    return {
        "lsn": lsn,
        "tables": {
            row["name"]: (row["rows"], row["digest"]) for row in server.database.rows(contents)
        },
        "wallets": api.all_pages("/v1/wallets", 1000),
    }
