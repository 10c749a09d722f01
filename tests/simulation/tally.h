#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>

namespace faregate::simulation {

/// How often each thing that should happen in a simulation happened. What was expected and never
/// counted makes a run worthless, and so fails it.
class Tally {
  public:
    void expect(const std::string& name) { counts_[name]; }
    void count(const std::string& name) {
        ++counts_[name];
        note(name);
    }
    /// What happens, for people: printed if asked for.
    void note(const std::string& text) const {
        if (verbose) fmt::print("{}\n", text);
    }
    std::uint64_t of(const std::string& name) const {
        const auto found = counts_.find(name);
        return found == counts_.end() ? 0 : found->second;
    }
    const std::map<std::string, std::uint64_t>& counts() const noexcept { return counts_; }

    bool verbose = false;

  private:
    std::map<std::string, std::uint64_t> counts_;
};

}  // namespace faregate::simulation
