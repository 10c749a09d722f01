#include "postgres/queries_impl.h"
#include "postgres/text.h"

namespace faregate::postgres {

Result<Audit> Queries::audit() {
    return impl_->read_snapshot("audit the balances", [](pqxx::transaction_base& transaction) {
        Audit audit;
        const auto journal =
            transaction.exec("SELECT applied_lsn FROM journals WHERE retired_at IS NULL");
        if (!journal.empty()) audit.applied_lsn.value = read_number(journal[0][0].c_str());
        const auto rows = transaction.exec(
            "SELECT code, trim_scale(issued), trim_scale(posted), trim_scale(held), "
            "    trim_scale(debt), trim_scale(revenue), trim_scale(breakage), "
            "    trim_scale(held_by_authorizations), "
            "    issued = posted + revenue + breakage AND held = held_by_authorizations "
            "FROM (SELECT code, coalesce(b.issued, 0) AS issued, coalesce(b.posted, 0) AS posted, "
            "        coalesce(b.held, 0) AS held, coalesce(b.debt, 0) AS debt, "
            "        coalesce(b.revenue, 0) AS revenue, coalesce(b.breakage, 0) AS breakage, "
            "        coalesce(l.held, 0) AS held_by_authorizations "
            "    FROM assets "
            "    LEFT JOIN (SELECT asset, sum(issued) AS issued, sum(posted) AS posted, "
            "            sum(held) AS held, sum(debt) AS debt, sum(revenue) AS revenue, "
            "            sum(breakage) AS breakage FROM balances GROUP BY asset) b "
            "        ON b.asset = code "
            "    LEFT JOIN (SELECT asset, sum(held) AS held FROM authorization_lines "
            "            WHERE held <> 0 GROUP BY asset) l ON l.asset = code) sums "
            "ORDER BY code"
        );
        audit.ok = true;
        for (const auto& row : rows) {
            AssetAudit asset;
            asset.asset = row[0].c_str();
            asset.issued = row[1].c_str();
            asset.posted = row[2].c_str();
            asset.held = row[3].c_str();
            asset.debt = row[4].c_str();
            asset.revenue = row[5].c_str();
            asset.breakage = row[6].c_str();
            asset.held_by_authorizations = row[7].c_str();
            asset.ok = row[8].template as<bool>();
            audit.ok = audit.ok && asset.ok;
            audit.assets.push_back(std::move(asset));
        }
        return audit;
    });
}

}  // namespace faregate::postgres
