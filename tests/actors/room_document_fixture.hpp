#pragma once

// A document of a room, people with documents of their own, and what they are told.

#include "actors/room_document.hpp"
#include "crdt/sync_protocol.hpp"
#include "crdt/update.hpp"
#include "crdt/varint.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coterie::testing {

using namespace std::chrono_literals;

inline const std::string nothing(1, '\0'); ///< the state vector of who has nothing

/// The messages in `frames`, which must be unmasked binary WebSocket frames without gaps.
inline std::vector<std::string> unframed(const actors::shared_frames& frames) {
  std::vector<std::string> messages;
  std::string_view rest = frames ? std::string_view(*frames) : std::string_view();
  while (!rest.empty()) {
    CAF_REQUIRE_EQUAL(static_cast<unsigned char>(rest[0]), 0x82);
    std::size_t size = static_cast<unsigned char>(rest[1]);
    const std::size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (extended != 0) {
      size = 0;
      for (std::size_t i = 0; i < extended; ++i)
        size = size << 8 | static_cast<unsigned char>(rest[2 + i]);
    }
    messages.emplace_back(rest.substr(2 + extended, size));
    rest.remove_prefix(2 + extended + size);
  }
  return messages;
}

/// What a message is.
inline std::string name_of(const std::string& bytes) {
  const auto decoded = crdt::decode_frame(bytes);
  CAF_REQUIRE(decoded.has_value());
  static constexpr const char* names[] = {"step1",  "step2", "update", "awareness",
                                          "denied", "query", "saved",  "unknown"};
  return names[decoded->index()];
}

/// What step 2 and updates carry.
inline std::string update_in(const std::string& bytes) {
  const auto decoded = crdt::decode_frame(bytes);
  if (const auto* step2 = std::get_if<crdt::sync_step2>(&*decoded))
    return std::string(step2->update);
  return std::string(std::get<crdt::sync_update>(*decoded).update);
}

/// What awareness carries.
inline std::string states_in(const std::string& bytes) {
  return std::string(std::get<crdt::awareness_frame>(*crdt::decode_frame(bytes)).body);
}

/// An awareness message with one state.
inline std::string state_of(crdt::client_id client, std::uint64_t clock, std::string_view json) {
  crdt::writer out;
  out.write_varuint(1);
  out.write_varuint(client);
  out.write_varuint(clock);
  out.write_byte_string(json);
  return out.take();
}

/// Somebody with a document of its own.
struct person {
  participant_id id = participant_id::random();
  crdt::doc copy;

  /// Appends to the text of `copy`; the update that says so.
  std::string type(std::string_view text) {
    return copy.transact([&](crdt::transaction& edit) {
      const auto root = copy.root("code");
      CAF_REQUIRE(edit.insert_text(root, root.length(), text).has_value());
    });
  }
  std::string state_vector() const {
    return copy.encode_state_vector();
  }
  std::string text() {
    return copy.root("code").to_string();
  }
  void read(const std::string& update) {
    CAF_REQUIRE(copy.apply_update(update).has_value());
  }
};

struct room_document_fixture {
  using kind = actors::document_frame::kind;
  using role = storage::role;
  using names = std::vector<std::string>;
  using output = actors::room_document::output;

  static actors::room_document::guest guest(const person& who, role grants = role::editor,
                                            bool wants_saved = false) {
    return {who.id, "ada", grants, 7, wants_saved};
  }
  /// Somebody who has joined and was welcomed.
  person joined(role grants = role::editor) {
    person made;
    room.join(guest(made, grants));
    room.flush(now);
    return made;
  }
  /// The same, with a wish to hear what is saved.
  person joined_saving(role grants = role::editor) {
    person made;
    room.join(guest(made, grants, true));
    CHECK_EQ(saved_to(made, room.flush(now)).updates, 0U);
    return made;
  }

  static actors::document_frame frame(const person& from, kind what, std::string body) {
    const auto size = body.size();
    return {from.id, what, std::move(body), 0, size};
  }
  void say(const person& from, kind what, std::string body) {
    room.take(frame(from, what, std::move(body)), now);
  }
  /// Stores a batch; what is said then.
  output store() {
    room.begin_batch();
    room.commit_batch();
    return room.flush(now);
  }

  /// Names of the messages to `who` in `out`.
  static names told(const person& who, const output& out) {
    names found;
    for (const auto& reply : out.replies)
      if (reply.to == who.id) {
        for (const auto& bytes : unframed(reply.frames))
          found.push_back(name_of(bytes));
        if (reply.end)
          found.push_back("end: " + std::string(to_string(reply.end->code)));
      }
    return found;
  }
  names told_now(const person& who) {
    return told(who, room.flush(now));
  }

  struct saved {
    std::string vector;
    std::uint64_t updates = 0;
  };
  /// What `who` is told last of what is durable.
  static saved saved_to(const person& who, const output& out) {
    std::optional<saved> found;
    for (const auto& reply : out.replies)
      if (reply.to == who.id)
        for (const auto& bytes : unframed(reply.frames)) {
          const auto decoded = crdt::decode_frame(bytes);
          if (const auto* told = std::get_if<crdt::saved_frame>(&*decoded))
            found = saved{std::string(told->vector), told->frames};
        }
    CAF_REQUIRE(found.has_value());
    return *found;
  }

  /// The text that a newcomer gets.
  std::string server_text() {
    auto reader = joined(role::viewer);
    say(reader, kind::step1, nothing);
    const auto out = room.flush(now);
    for (const auto& reply : out.replies)
      if (reply.to == reader.id)
        reader.read(update_in(unframed(reply.frames).front()));
    room.leave(reader.id);
    return reader.text();
  }

  actors::room_document room;
  actors::room_document::time_point now{1h};
};

} // namespace coterie::testing
