#include "faregate/node/projection.h"

#include <spdlog/spdlog.h>

namespace faregate::node {

Projection::Projection(
    engine::ProjectionStore& store, engine::OpenReader open_reader,
    const engine::Watermark& durable, engine::Watermark& applied, Lease& lease
)
    : store_(store),
      open_reader_(std::move(open_reader)),
      durable_(durable),
      applied_(applied),
      lease_(lease),
      moved_(applied.value().value) {}

Projection::~Projection() = default;

Status Projection::step() {
    if (!behind()) return {};
    if (!projector_) {
        projector_ =
            std::make_unique<engine::Projector>(store_, open_reader_, engine::Projector::Options{});
    }
    const Duration question = lease_.begin_question();
    FG_TRY_ASSIGN(const Lsn moved, projector_->step(durable_.value()));
    // Where nothing moved, the store was not asked.
    if (moved > this->moved()) lease_.confirmed(question);
    moved_ = moved.value;
    applied_.publish(moved);
    return {};
}

Status Projection::watch() {
    const Duration question = lease_.begin_question();
    FG_TRY_ASSIGN(const auto applied, store_.applied_lsn());
    lease_.confirmed(question);
    if (applied == moved()) return {};
    spdlog::warn(
        "PostgreSQL stands at LSN {} and stood at {} before; it gets the difference again",
        applied.value, moved().value
    );
    projector_.reset();
    moved_ = applied.value;
    return {};
}

}  // namespace faregate::node
