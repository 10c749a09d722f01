#include "simulation/server.h"

#include "faregate/core/assert.h"

namespace faregate::simulation {

Server::Server(
    Surroundings surroundings, std::uint32_t stripes, Duration retention, bool new_journal
)
    : store_(surroundings.database),
      lease_(surroundings.monotonic_clock),
      node_(
          surroundings.disk, store_, surroundings.clock,
          options(stripes, retention, new_journal, surroundings.journal_count)
      ) {}

/// Small files, frames and queues, so that every limit is met.
node::NodeOptions Server::options(
    std::uint32_t stripes, Duration retention, bool new_journal, std::uint64_t& journal_count
) {
    node::NodeOptions options;
    options.engine.stripe_count = stripes;
    options.engine.retention = retention;
    options.engine.answers_bytes_max = 4'000;
    options.journal.file_size = 12'288;
    options.journal.frame_size_max = 8'192;
    options.journal.record_size_max = 4'096;
    options.journal.queue_size_max = 16'384;
    options.journal.on_fatal = [this](const Error& error) {
        dead_ = true;
        cause_ = error.message;
    };
    options.backlog_max = 300;
    options.new_journal = new_journal;
    options.make_journal_id = [&journal_count] {
        JournalId id;
        ++journal_count;
        for (std::size_t i = 0; i < 8; ++i) {
            id.bytes[i] = static_cast<std::uint8_t>(journal_count >> (8 * i));
        }
        return id;
    };
    return options;
}

Status Server::start_step(int step) {
    switch (step) {
        case 0:
            return node_.take_directory();
        case 1:
            return node_.claim();
        case 2:
            return node_.open_journal();
        case 3:
            return node_.load();
        default:
            break;
    }
    FG_TRY(node_.replay());
    projection_ = std::make_unique<node::Projection>(
        store_, [this](Lsn first) { return node_.open_reader(first); }, node_.durable(),
        node_.applied(), lease_
    );
    return {};
}

void Server::project() {
    const Status moved = projection_->behind() ? projection_->step() : projection_->watch();
    if (moved || moved.error().code == ErrorCode::unavailable) return;
    dead_ = true;
    fenced_ = moved.error().code == ErrorCode::fenced;
    cause_ = moved.error().message;
}

std::vector<Server::Waiting> Server::take_answerable() {
    std::vector<Waiting> answerable;
    if (!lease_.held()) return answerable;
    const Lsn durable = node_.durable().value();
    const Lsn applied = node_.applied().value();
    std::erase_if(waiting_, [&](const Waiting& each) {
        const bool ready = each.lsn <= durable && (!each.until_applied || each.lsn <= applied);
        if (ready) answerable.push_back(each);
        return ready;
    });
    return answerable;
}

}  // namespace faregate::simulation
