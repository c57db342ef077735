#pragma once

// The document of a room, and who takes part in it.

#include "actors/document_board.hpp"
#include "actors/document_files.hpp"
#include "actors/document_frame.hpp"
#include "actors/document_journal.hpp"
#include "base/clock.hpp"
#include "crdt/awareness.hpp"
#include "crdt/doc.hpp"
#include "storage/document_records.hpp"
#include "storage/records.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace coterie::actors {

/// What a room's document may grow to.
crdt::doc_options document_options();

/// Decides what becomes of what clients send; knows neither actors nor sockets. Frames and joins
/// are taken one by one; what is to be said comes together with flush(), so that much that
/// happened at once is said once:
///
///   document.take(frame, now); ...
///   auto [broadcast, replies] = document.flush(now);
///
/// An update is integrated before anybody hears of it; one that is malformed or would pass a limit
/// changes nothing and ends its sender's connection.
///
/// Every change has a number and goes into the journal; the actor stores it in batches:
///
///   if (document.journal().can_begin())
///     store(document.begin_batch()), and when that is durable: document.commit_batch();
class room_document {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit room_document(wall_clock now = system_now);

  /// The document as it was stored; errc::internal when it cannot be read.
  static result<std::shared_ptr<room_document>> load(const storage::stored_document& stored,
                                                     wall_clock now = system_now);

  // -- reading and writing here -------------------------------------------------------------------

  document_files& files() {
    return files_;
  }
  document_board& board() {
    return board_;
  }
  /// Where room_drawing keeps its records.
  crdt::shared_type drawing() {
    return doc_.root("tldraw");
  }
  const document_journal& journal() const {
    return journal_;
  }

  /// Writes to the document; everybody hears of it with the next flush(). The number of the change,
  /// 0 when there was none.
  std::uint64_t edit(std::string_view author, const std::function<void(crdt::transaction&)>& how);
  /// The same before anybody could take part, for the state that a room is stored with first.
  void prepare(const std::function<void(crdt::transaction&)>& how);

  // -- storing ------------------------------------------------------------------------------------

  /// What to append to the stored journal next; see document_journal::begin.
  std::vector<storage::journal_entry> begin_batch();
  /// That is durable: who asked to be told is told with the next flush().
  void commit_batch();
  /// Everything up to the last change that is in the journal.
  storage::document_snapshot snapshot(timestamp at);
  void on_snapshot(std::uint64_t sequence) {
    journal_.on_snapshot(sequence);
  }

  // -- who takes part -----------------------------------------------------------------------------

  struct guest {
    participant_id who;
    std::string name; ///< for the history
    storage::role grants = storage::role::viewer;
    std::uint64_t port = 0;
    bool wants_saved = false; ///< hears what is durable
  };
  /// Hears where the document stands; again after its role has changed.
  void join(guest comes);
  /// Takes its awareness states with it.
  void leave(participant_id who);
  bool has_members() const noexcept {
    return !members_.empty();
  }
  bool contains(participant_id who) const {
    return members_.contains(who);
  }

  /// A frame of who is not (any more) here is dropped.
  void take(const document_frame& frame, time_point now);

  /// States that ran out are gone, updates that waited too long are dropped and asked for again,
  /// encodings that nobody asked for are freed.
  void tick(time_point now);
  /// Whether tick() could find something to do, now or later.
  bool needs_ticks() const noexcept;

  struct output {
    std::shared_ptr<const document_broadcast> broadcast; ///< null: none
    std::vector<document_reply> replies;                 ///< to be told before the broadcast
  };

  bool has_output() const noexcept;
  /// Everything that there is to say since the last call.
  output flush(time_point now);

  struct counts {
    std::uint64_t integrated = 0; ///< updates that held something new
    std::uint64_t refused = 0;    ///< by role, as malformed, as too large, or asked too often
  };
  /// Since the last call.
  counts take_counts();

private:
  struct member {
    std::string name;
    bool wants_saved = false;
    std::uint64_t updates = 0;       ///< update frames taken
    std::uint64_t updates_saved = 0; ///< of these, what it was told
    storage::role grants = storage::role::viewer;
    std::uint64_t port = 0;
    crdt::awareness::connection_key connection = 0;
    std::uint32_t syncs = 0; ///< step 1 frames since
    time_point syncs_since;
    bool is_denied = false;     ///< to be told so
    bool has_announced = false; ///< awareness states
    bool is_ending = false;     ///< what else it sent is dropped
  };
  using member_table = std::unordered_map<participant_id, member>;

  struct wanted_sync {
    participant_id from;
    std::string vector;
  };

  /// An encoding and the state of the document that it shows.
  struct encoding {
    std::uint64_t version = 0;
    std::string vector; ///< for whom: what it had, encoded
    shared_frames frames;
    bool was_used = false; ///< since the last tick
  };

  void take_update(const document_frame& frame, member& who, time_point now);
  void deny(const document_frame& frame, member& who);
  void say_saved(participant_id to, member& who, std::uint64_t updates);
  void say_saved_to_all();
  void take_sync(participant_id from, member& who, std::string_view vector, time_point now);
  void take_awareness(participant_id from, member& who, std::string_view states, time_point now);
  void add_change(const crdt::awareness_change& change);
  std::uint64_t add_update(participant_id from, std::string_view author, std::string_view update,
                           std::string_view stored);
  void refuse(participant_id from, member& who, failure why);

  void say_welcomes();
  void say_states();
  void answer_syncs();
  void say_denials();
  void reply(participant_id to, shared_frames frames, bool is_large = false);
  shared_frames step1_frames();
  shared_frames states_frames();
  shared_frames missing_frames(const std::string& vector);

  wall_clock now_;
  crdt::doc doc_;
  document_files files_{doc_}; ///< after the document that it follows, like the next
  document_board board_{doc_};
  document_journal journal_{0, 0, 0};
  struct batch {
    std::string vector; ///< of the document with everything in the batch; empty: more waits
    std::vector<std::pair<participant_id, std::uint64_t>> updates; ///< taken until then, by whom
  };
  batch under_way_;
  std::string saved_vector_; ///< encoded; of what is durable
  crdt::awareness awareness_;
  member_table members_; ///< bounded by room_bounds::participants_max
  crdt::awareness::connection_key last_connection_ = 0;
  std::optional<time_point> waiting_since_; ///< updates that wait for earlier ones

  // To be said with the next flush. Bounded by what hubs may have under way.
  std::string updates_;
  std::vector<document_broadcast::piece> pieces_;
  std::vector<crdt::client_id> announced_; ///< ids whose state has changed
  std::vector<participant_id> welcomes_;
  std::vector<participant_id> asked_for_states_;
  std::vector<participant_id> denied_;
  std::vector<wanted_sync> syncs_;
  std::vector<document_reply> replies_;

  // Encodings, kept while they are asked for.
  encoding whole_;   ///< for who has nothing
  encoding missing_; ///< for who had missing_.vector
  encoding step1_;
  counts counts_;
};

} // namespace coterie::actors
