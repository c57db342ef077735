#pragma once

// What every engine refuses before it touches its tables. Callers have tighter limits of their
// own; these keep a defect above from filling a disk, and keep the engines alike: what one of
// them cannot store, none accepts.

#include "base/result.hpp"
#include "storage/records.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::storage {

// 1 KiB: titles, language names, paths and aliases; an index entry stays far below a page.
inline constexpr std::size_t name_bytes_max = 1024;
// A hash is 32 bytes; twice that leaves room for a longer one.
inline constexpr std::size_t capability_hash_bytes_max = 64;
// 64 MiB: the files of a job are at most its work directory (config::limits::disk_bytes).
inline constexpr std::size_t request_bytes_max = 64U << 20;
// 16 MiB: two outputs of 1 MiB each, encoded, with ample room for operators who raise that.
inline constexpr std::size_t result_bytes_max = 16U << 20;
inline constexpr std::size_t capabilities_max = 1024; ///< of one room, and of one listing
inline constexpr std::size_t aliases_max = 64;        ///< of one new room

inline constexpr std::size_t extras_bytes_max = 64U << 10;

inline constexpr std::size_t members_max = 1000; ///< of one room, as the following
inline constexpr std::size_t invites_max = 100;
inline constexpr std::size_t bans_max = 1000;

// 256 bytes: an id in text with ample room.
inline constexpr std::size_t author_bytes_max = 256;
// 16 MiB: an update that brings the largest text files, twice.
inline constexpr std::size_t update_bytes_max = 16U << 20;
// One append: what a room gathers within one commit.
inline constexpr std::size_t append_entries_max = 65'536;
inline constexpr std::size_t append_bytes_max = 64U << 20;
// The largest of SQL's integers.
inline constexpr std::uint64_t sequence_max = INT64_MAX;
// A room saves a snapshot every few hundred entries; at this many it can not load in time.
inline constexpr std::uint64_t journal_tail_max = 1'000'000;
// 64 MiB: the state of the largest document, history of deletions included.
inline constexpr std::size_t state_bytes_max = 64U << 20;
inline constexpr std::size_t details_bytes_max = 4U << 20;
// 4 MiB: what one snapshot moves into history; compressing it takes some 0.1 s at most.
inline constexpr std::size_t moved_bytes_max = 4U << 20;
// 1 MiB: a history chunk before compression, unless a single entry is larger.
inline constexpr std::size_t chunk_bytes_max = 1U << 20;
inline constexpr std::size_t chunk_authors_max = 64;
// One answer of load_history.
inline constexpr std::size_t history_entries_max = 10'000;
inline constexpr std::size_t history_bytes_max = 4U << 20;
inline constexpr std::size_t versions_max = 256; ///< of one room
inline constexpr std::size_t version_name_bytes_max = 256;
// Half of what a room may have in blobs: files can be written, whatever versions keep.
inline constexpr std::size_t version_blobs_max = 2048;
inline constexpr std::size_t version_blobs_bytes_max = 128U << 20;
inline constexpr std::size_t chat_messages_max = 10'000; ///< of one room; older ones go
inline constexpr std::size_t chat_text_bytes_max = 16U << 10;
inline constexpr std::size_t chat_name_bytes_max = 256;
inline constexpr std::size_t chat_person_bytes_max = 128;
inline constexpr std::size_t chat_extras_bytes_max = 512;
inline constexpr std::size_t blob_hash_bytes = 32; ///< BLAKE2b-256 or SHA-256
inline constexpr std::size_t blob_bytes_max = 8U << 20;
// 4096 blobs: four times the files of a room; 256 MiB: 32 of the largest.
inline constexpr std::size_t blobs_max = 4096;
inline constexpr std::size_t room_blobs_bytes_max = 256U << 20;
// 10 minutes: far longer than from saving a blob to the commit of the entry that refers to it.
inline constexpr std::chrono::minutes blob_grace{10};

inline constexpr std::size_t email_bytes_max = 320;       ///< RFC 5321, 4.5.3.1: 64 + 1 + 255
inline constexpr std::size_t person_name_bytes_max = 256; ///< username, first and last name
inline constexpr std::size_t password_hash_bytes_max = 256;
inline constexpr std::size_t profile_bytes_max = 4U << 10;
inline constexpr std::size_t login_client_bytes_max = 200;
inline constexpr std::size_t login_secret_hash_bytes = 32; ///< BLAKE2b-256
inline constexpr std::size_t logins_max = 20;              ///< of one user
// 131,072 in the life of an access token: hashing passwords allows fewer logins.
inline constexpr std::size_t ended_logins_max = 1U << 17;

// 1000: one answer of a listing; a larger `limit` is lowered to this.
inline constexpr std::size_t list_rows_max = 1000;

// What every engine answers in these words.
failure no_such_room();    ///< errc::not_found
failure no_such_version(); ///< errc::not_found
failure no_such_blob();    ///< errc::not_found
failure no_such_job();     ///< errc::not_found
failure no_such_user();    ///< errc::not_found
failure no_such_login();   ///< errc::not_found
failure lease_is_lost();   ///< errc::stale_epoch

/// errc::invalid_argument when a name is not UTF-8, has a NUL or is said twice, when an id is
/// nil; errc::too_large beyond a bound.
result<void> check_new_room(const room_image& image, const std::vector<alias_record>& aliases,
                            node_id node);
/// What is put; how much there may be of it is the engine's to check.
result<void> check_access(const access_lists& put);
/// errc::too_large when a room may not have so many.
result<void> check_access_counts(std::size_t members, std::size_t invites, std::size_t bans);
result<void> check_room(const fence& lease, const room_record& room);
/// Also errc::invalid_argument unless the job is as a new one: QUEUED, no result, node or count.
result<void> check_new_job(const job_record& job);
/// errc::invalid_argument unless `status` is final.
result<void> check_end(job_status status, std::string_view encoded_result);
result<void> check_listing(const std::vector<std::string>& capability_hashes);
/// errc::invalid_argument when the sequences are not consecutive or start below 1.
result<void> check_journal(const std::vector<journal_entry>& entries);
failure tail_too_long(); ///< errc::too_large: the tail would have more than journal_tail_max
result<void> check_snapshot(const document_snapshot& snapshot);
result<void> check_version(const fence& lease, const version_record& version);
result<void> check_chat(const chat_message& message);
failure chat_out_of_order();
failure no_such_chat_message();
failure too_many_versions();
/// errc::too_large when the versions of a room may not keep `count` blobs of `bytes`.
result<void> check_version_blobs(std::size_t count, std::uint64_t bytes);
failure base_out_of_order(); ///< errc::conflict
result<void> check_blob_hash(std::string_view hash);
result<void> check_blob(std::string_view hash, std::string_view content);
/// errc::too_large when a room that has `count` blobs of `bytes` has no room for one more.
result<void> check_blob_fits(std::size_t count, std::size_t bytes, std::size_t more);
result<void> check_user(const user_record& user);
/// errc::too_large for more than list_rows_max.
result<void> check_user_listing(const std::vector<user_id>& users);
result<void> check_new_login(const login_record& login);
result<void> check_rotation(const login_rotation& change);
result<void> check_used_blobs(const std::vector<std::string>& used);

} // namespace coterie::storage
