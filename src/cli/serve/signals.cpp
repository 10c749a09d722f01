#include "cli/serve/signals.h"

#include <pthread.h>

#include <csignal>

namespace faregate::cli {
namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

Signals::Signals() {
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

bool Signals::wait_for(std::chrono::milliseconds time) {
    const sigset_t set = stop_signals();
    const timespec timeout{time.count() / 1'000, time.count() % 1'000 * 1'000'000};
    // Nothing else interrupts the main thread, and an early return would do no harm.
    const bool came = sigtimedwait(&set, nullptr, &timeout) > 0;
    stop_requested_ = stop_requested_ || came;
    return came;
}

void Signals::wait() {
    const sigset_t set = stop_signals();
    int signal = 0;
    while (sigwait(&set, &signal) != 0) continue;
    stop_requested_ = true;
}

}  // namespace faregate::cli
