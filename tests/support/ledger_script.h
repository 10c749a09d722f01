#pragma once

#include <string>
#include <string_view>

namespace faregate::support {

/// Runs a table of ledger commands and returns everything that was not as the table says, line by
/// line; an empty text is success. Each line has up to three columns:
///
///     command                        | outcome            | what must be true afterwards
///     wallet cap                     | accepted           |
///     grant g1 100 until=60          | accepted           | 100/0/100
///     authorize h1 70 ttl=30         | accepted           | 100/70/30 g1=100/70 h1.parts=g1:70
///     advance 30                     |                    | 100/0/100 h1.status=expired
///
/// Commands (amounts are USD, or `TOK:5`, several with commas):
///     wallet [POLICY]    policy POLICY    freeze    unfreeze    limit AMOUNT
///     grant NAME AMOUNT [promotional|recurring] [p=PRIORITY] [from=SECONDS] [until=SECONDS]
///     revoke NAME        authorize NAME AMOUNTS [ttl=SECONDS]     dry_run AMOUNTS
///     capture NAME [AMOUNTS] [partial]     void NAME
///     increment NAME [AMOUNTS] [ttl=SECONDS]     debit AMOUNTS     advance SECONDS
///
/// Expectations:
///     P/H/A or TOK=P/H/A         posted, held, available
///     debt= odheld= issued= revenue= breakage=     (of TOK: TOK.debt= and so on)
///     g1=REMAINING/HELD  g1.status=    (`gone` if the wallet has dropped it)
///     h1=AUTHORIZED/CAPTURED/HELD  h1.status=  h1.late=yes  h1.settled=yes  h1.ttl=SECONDS left
///     h1.parts=g1:70,credit:5          (of TOK: h1.TOK= and h1.TOK.parts=)
///     moved= short= released= requested=     of the receipt's USD line (TOK.moved= and so on)
///     fault= at_fault=                       of the receipt
std::string run_ledger_script(std::string_view table);

}  // namespace faregate::support
