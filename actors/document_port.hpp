#pragma once

// Where the document of a room leaves the actors; net implements it: one hub per room and io
// thread.

#include <caf/fwd.hpp>

#include <cstdint>

namespace coterie::actors {

struct document_news;
struct document_route;

/// One hub's letter box. Calls come from relays, on actor threads, and must not block.
class document_port {
public:
  virtual ~document_port() = default;

  /// Tells this port from every other one; never 0.
  virtual std::uint64_t number() const noexcept = 0;

  /// Takes what is for everybody and what is for this number. Calls of one relay arrive at the
  /// sessions in order: nothing said to one session overtakes anything else said to it.
  virtual void deliver(const document_route& from, const document_news& news) = 0;
};

} // namespace coterie::actors
