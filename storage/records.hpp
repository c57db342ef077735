#pragma once

// What is stored, as plain values. Callers see these whatever engine is behind.

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "storage/access_records.hpp"
#include "storage/account_records.hpp"
#include "storage/chat_records.hpp"
#include "storage/document_records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::storage {

enum class visibility : std::uint8_t { link, invite, closed };

enum class room_status : std::uint8_t { active, inactive };

/// One room without its document.
struct room_record {
  room_id id;
  std::string title;
  std::string language; ///< name in the language table
  visibility seen_by = visibility::link;
  room_status status = room_status::active;
  std::string main; ///< path of the main file
  timestamp created_at{};
  timestamp updated_at{};
  role link_grants = role::editor; ///< visibility `link`, to whoever knows the id; never owner
  /// JSON object of what dialects know of a room beyond this, opaque here. Empty: nothing.
  std::string extras = {};

  friend bool operator==(const room_record&, const room_record&) = default;
};

/// A bearer capability of a room; only its hash is stored.
struct capability_record {
  std::string hash; ///< 32 bytes, see actors/capabilities.hpp
  role grants = role::viewer;

  friend bool operator==(const capability_record&, const capability_record&) = default;
};

/// Everything a room needs to wake up, but for its document (backend::load_document).
struct room_image {
  room_record room;
  std::vector<capability_record> capabilities;
  /// The document of a new room, of sequence 0; load_room leaves it out.
  std::optional<document_snapshot> document{};
  access_lists access = {};
};

/// Another name of a room, valid in one dialect only.
struct alias_record {
  std::string dialect;
  std::string name;

  friend bool operator==(const alias_record&, const alias_record&) = default;
};

enum class job_status : std::uint8_t { queued, running, completed, failed, timeout, cancelled };

/// Whether a job in this status is over.
constexpr bool is_final(job_status status) {
  return status != job_status::queued && status != job_status::running;
}

/// The wire name: "QUEUED", "RUNNING", ...
std::string_view to_string(job_status status) noexcept;
std::optional<job_status> parse_job_status(std::string_view text) noexcept;
std::string_view to_string(visibility seen_by) noexcept; ///< "link", "invite", "private"
std::optional<visibility> parse_visibility(std::string_view text) noexcept;
std::string_view to_string(room_status status) noexcept; ///< "active", "inactive"
std::optional<room_status> parse_room_status(std::string_view text) noexcept;
std::string_view to_string(role grants) noexcept; ///< "viewer", "editor", "owner"
std::optional<role> parse_role(std::string_view text) noexcept;

/// One execution. `request` and `result` are opaque here (actors encode them).
struct job_record {
  job_id id;
  std::optional<room_id> room;
  std::string language;
  job_status status = job_status::queued;
  std::string request;      ///< what to run: files, stdin, arguments, limits
  std::string result;       ///< empty until final
  bool exclusive = false;   ///< at most one queued or running exclusive job per room
  bool retry = false;       ///< may be started a second time after its node died
  std::uint32_t starts = 0; ///< how often a program of it was started
  std::uint32_t claims = 0; ///< how often a node took it up
  node_id node;             ///< who claimed it and runs or ran it; nil until claimed
  timestamp created_at{};
  std::optional<timestamp> started_at;
  std::optional<timestamp> completed_at;

  friend bool operator==(const job_record&, const job_record&) = default;
};

/// The right of one node to write one room, in one epoch (see lease.hpp).
struct lease_record {
  room_id room;
  node_id node;
  coterie::epoch epoch = 0;
  timestamp until{};

  friend bool operator==(const lease_record&, const lease_record&) = default;
};

/// What every write to a room carries: refused with errc::stale_epoch unless the stored lease
/// still has this node and epoch.
struct fence {
  room_id room;
  node_id node;
  coterie::epoch epoch = 0;
};

} // namespace coterie::storage
