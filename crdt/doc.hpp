#pragma once

// A Yjs document: replicas that apply the same updates, in any order and any number of times, end
// with the same content. Byte-compatible with Yjs 13.6, update format version 1.
//
//   crdt::doc notes;
//   if (auto taken = notes.apply_update(bytes); !taken)
//     refuse(taken.why());                     // the document is exactly as it was
//   else if (!taken->relay.empty())
//     broadcast(taken->relay);
//   auto update = notes.transact([&](crdt::transaction& edit) {
//     edit.insert_text(notes.root("code"), 0, "hello");
//   });
//
// Theory of operation: ARCHITECTURE.md, "The document". A document belongs to one thread at a
// time. Nothing here recurses over input; memory follows what limits allow.

#include "base/result.hpp"
#include "crdt/change.hpp"
#include "crdt/shared_type.hpp"
#include "crdt/state_vector.hpp"
#include "crdt/transaction.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::crdt {

/// What a document may grow to. An update that would pass one is refused whole, with
/// errc::too_large. What waits and would pass one when it is released is forgotten instead.
struct doc_limits {
  std::size_t update_bytes = 64U << 20;   ///< one update
  std::size_t content_bytes = 256U << 20; ///< text and values, and names of roots and keys
  std::size_t structs = 8'000'000;        ///< runs that could not be joined, tombstones included
  std::size_t clients = 100'000;          ///< that ever wrote
  std::size_t roots = 10'000;
  std::size_t name_bytes = 1024;         ///< one root name or key
  std::size_t depth = 100;               ///< types within types
  std::size_t pending_bytes = 16U << 20; ///< updates that wait for earlier ones
  std::size_t pending_ranges = 100'000;  ///< deletions that wait for what they delete
};

struct doc_options {
  /// Who this replica writes as; 0: drawn at random. A replica that finds its own id in updates of
  /// others draws a new one.
  client_id client = 0;
  /// Whether the content of what is deleted is dropped, as Yjs does by default.
  bool collects_garbage = true;
  doc_limits limits;
};

/// What came of an update.
struct applied {
  /// What a relaying replica passes on: everything that is new here, whether it came now or had
  /// waited and was released. Empty when nothing is. Points to the update itself when all of that
  /// was new, else into the document; valid until the next call.
  std::string_view relay;
  /// Some of it waits for updates that have not come.
  bool is_waiting = false;
};

/// How large a document is.
struct doc_usage {
  std::size_t structs = 0;
  std::size_t content_bytes = 0; ///< held, with what is not yet reused
  std::size_t clients = 0;
  std::size_t pending_bytes = 0;
  std::size_t pending_ranges = 0;
  std::size_t memory_bytes = 0; ///< everything on the heap
};

class doc {
public:
  explicit doc(doc_options options = {});
  ~doc();
  doc(doc&&) noexcept;
  doc& operator=(doc&&) noexcept;

  client_id client() const noexcept;

  // -- updates --------------------------------------------------------------------------------

  /// Integrates an update. errc::invalid_argument (malformed) or errc::too_large (a limit): the
  /// document is exactly as it was.
  result<applied> apply_update(std::string_view update);

  /// What this document holds without holes; see state_vector.
  std::string encode_state_vector() const;
  state_vector vector() const;

  enum class waiting : std::uint8_t { included, omitted };

  /// All that a replica with `known` lacks, as one update; with every deletion, since a vector
  /// does not tell about them. `waiting` data is included as Yjs does, or omitted.
  std::string encode_state_as_update(const state_vector& known = {},
                                     waiting pending = waiting::included) const;

  /// Grows with every change, local or remote: equal versions, equal encodings.
  std::uint64_t version() const noexcept;

  bool has_waiting() const noexcept;
  /// Forgets updates that wait for others.
  void drop_waiting();

  // -- reading and writing --------------------------------------------------------------------

  /// The root of this name; made when there is none (which changes no encoding).
  shared_type root(std::string_view name);
  /// Names of the roots that exist here.
  std::vector<std::string> roots() const;
  /// The type that an item holds, if it is one and lives.
  shared_type find_type(unit_id holder) const;

  /// Runs `edit`, which writes through the transaction, and answers the update to broadcast; empty
  /// when nothing changed. Not to be nested.
  std::string transact(const std::function<void(transaction&)>& edit);

  /// Calls `tell` after each update or transaction that changed something, until the token dies.
  using observer = std::function<void(const change&)>;
  [[nodiscard]] std::shared_ptr<void> observe(observer tell);

  doc_usage usage() const noexcept;

private:
  friend struct doc_access;
  std::unique_ptr<doc_state> state_;
};

} // namespace coterie::crdt
