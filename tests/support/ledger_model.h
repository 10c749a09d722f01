#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faregate::support {

/// The ledger's rules once more, from their description and as plainly as they can be said: money
/// is counted coin by coin, lists are searched from the front, and nothing is fast. Times are in
/// any unit.
class LedgerModel {
  public:
    static constexpr int credit = -1;  ///< in place of a grant: a coin of the credit line
    static constexpr std::int64_t never = INT64_MAX;

    enum class Policy { reject, cap, debt };

    struct Grant {
        int asset = 0;
        int priority = 50;
        bool paid = true;
        std::int64_t from = 0;
        std::int64_t until = never;
        std::string status;  ///< scheduled, active, expired or revoked
        int free = 0;
        int pinned = 0;
        int scheduled = 0;

        bool gone() const { return status != "scheduled" && free + pinned == 0; }
    };

    struct Line {
        int authorized = 0;
        int captured = 0;
        std::vector<std::pair<int, int>> coins;  ///< grant and number, in the order of capture

        int held() const;
    };

    struct Hold {
        std::string status = "authorized";
        std::int64_t until = 0;
        std::int64_t closed = never;
        bool late = false;
        bool settled = false;
        std::map<int, Line> lines;
    };

    struct Account {
        int limit = 0;
        int spent_credit = 0;
        int issued = 0;
        int revenue = 0;
        int breakage = 0;
    };

    /// What a command asks for, by asset; -1 stands for an amount that is not valid.
    using Amounts = std::map<int, int>;

    // Commands return the outcome's name.
    std::string add_grant(Grant grant, int amount);
    std::string revoke(int grant);
    std::string authorize(const Amounts& amounts, std::int64_t ttl, bool dry_run);
    std::string debit(const Amounts& amounts);
    std::string capture(int hold, std::optional<Amounts> amounts, bool final);
    std::string give_back(int hold);
    std::string increment(int hold, const Amounts& amounts, std::optional<std::int64_t> ttl);
    std::string set_limit(int asset, int limit);
    void advance_to(std::int64_t time);
    /// Forgets what was closed at or before a time, and grants that are gone.
    void forget(std::int64_t time);

    int free(int asset) const;
    int held(int asset) const;
    int held_credit(int asset) const;
    int available(int asset) const;

    std::int64_t now = 0;
    bool frozen = false;
    Policy policy = Policy::cap;
    std::map<int, Account> accounts;
    std::map<int, Grant> grants;  ///< by number, in the order of creation
    std::map<int, Hold> holds;
    int next_grant = 0;  ///< the number of the next one
    int next_hold = 0;

  private:
    int next_to_burn(int asset) const;
    /// Takes one coin out of the account; says where it came from.
    int take_coin(int asset);
    void put_coin(Line& line, int grant);
    void capture_coin(Line& line, int asset);
    void release(Hold& hold);
    void pay_debts();
    void close(Hold& hold, const std::string& status);
    void make_effective(Grant& grant);
    void end(Grant& grant, const std::string& status);
    std::string admit(const Amounts& amounts) const;
    std::string check_capture(const Hold& hold, const Amounts& wanted) const;
    bool next_event();
};

}  // namespace faregate::support
