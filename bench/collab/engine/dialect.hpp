#pragma once

// What servers say and want to hear. Edits are real Yjs updates (format 1): writer w of a room owns
// the client id first_client + w and appends `chars` characters at a time, so that edit number n
// covers the clocks from n * chars on. A receiver recognises an edit by client and clock, even if
// the server merges several into one message.

#include "options.hpp"
#include "web_socket.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace yload {

/// A room as the wire knows it.
struct place {
  std::string name;
  std::uint64_t first_client = 0; ///< of writer 0
};

/// One edit: writer, how many came before it, and the characters.
struct edit {
  std::uint64_t writer;
  std::uint64_t number;
  std::string_view text;
};

/// What one connection understands of what it is told.
class listener {
public:
  virtual void answer(std::string_view payload) = 0;
  virtual void on_synced() = 0; ///< the connection may write
  virtual void on_text(std::uint64_t writer, std::uint64_t clock, std::uint64_t length) = 0;
  virtual void on_awareness() = 0;
  virtual void on_acknowledged() = 0;
  virtual void on_refused() = 0;

protected:
  ~listener() = default;
};

/// Has no state of its own: one serves all connections.
class dialect {
public:
  virtual ~dialect() = default;
  /// What its messages travel in.
  virtual opcode frames() const = 0;
  /// Says what opens the conversation.
  virtual void open(const place& where, listener& who) const = 0;
  virtual void read(std::string_view message, const place& where, listener& who) const = 0;
  virtual std::string write(const edit& what, const place& where) const = 0;
};

std::unique_ptr<dialect> make_dialect(const options& wanted);

} // namespace yload
