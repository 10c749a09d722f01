#pragma once

#include "faregate/core/time.h"

namespace faregate::postgres {

/// Gives a connection up whose answers take longer than `limit` all together: what waits for it
/// then fails as on any lost connection. PostgreSQL's own timeouts are of no help when it is
/// PostgreSQL that stands still, or when a proxy keeps a connection open to a peer that is gone;
/// libpq would wait for ever.
///
/// Lives for one call, on the thread of that call, within the connection's life.
class Patience {
  public:
    /// `socket` is that of the connection.
    Patience(int socket, Duration limit);
    ~Patience();
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

  private:
    int socket_;
};

}  // namespace faregate::postgres
