#pragma once

// What people in a room wrote to each other, as it is stored.

#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace coterie::storage {

enum class chat_kind : std::uint8_t {
  text = 0, ///< somebody wrote it
  run = 1,  ///< the room's own: somebody started a run; `text` is the path of what runs
};

struct chat_message {
  std::uint64_t number = 0; ///< grows within a room, gaps allowed
  chat_kind kind = chat_kind::text;
  std::string person; ///< public id of who wrote it; opaque, at most chat_person_bytes_max
  std::string name;   ///< how that one was called then; at most chat_name_bytes_max
  std::string text;   ///< UTF-8, never HTML; at most chat_text_bytes_max; empty once removed
  std::optional<job_id> run;
  timestamp at{};
  std::optional<timestamp> edited_at;
  bool is_removed = false;
  std::string extras = {}; ///< what a dialect keeps with it; at most chat_extras_bytes_max

  friend bool operator==(const chat_message&, const chat_message&) = default;
};

} // namespace coterie::storage
