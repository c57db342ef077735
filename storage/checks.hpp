#pragma once

// What every engine refuses before it touches its tables. Callers have tighter limits of their
// own; these keep a defect above from filling a disk, and keep the engines alike: what one of
// them cannot store, none accepts.

#include "base/result.hpp"
#include "storage/records.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::storage {

// 1 KiB: titles, language names, paths and aliases; an index entry stays far below a page.
inline constexpr std::size_t name_bytes_max = 1024;
// A hash is 32 bytes; twice that leaves room for a longer one.
inline constexpr std::size_t capability_hash_bytes_max = 64;
// 16 MiB: twice the largest binary file that a room keeps (8 MiB).
inline constexpr std::size_t file_bytes_max = 16U << 20;
// 64 MiB: the files of a job are at most its work directory (config::limits::disk_bytes).
inline constexpr std::size_t request_bytes_max = 64U << 20;
// 16 MiB: two outputs of 1 MiB each, encoded, with ample room for operators who raise that.
inline constexpr std::size_t result_bytes_max = 16U << 20;
// 4096: as many as a work directory has inodes (config::limits::inodes).
inline constexpr std::size_t files_max = 4096;
inline constexpr std::size_t capabilities_max = 1024; ///< of one room, and of one listing
inline constexpr std::size_t aliases_max = 64;        ///< of one new room
// 1000: one answer of a listing; a larger `limit` is lowered to this.
inline constexpr std::size_t list_rows_max = 1000;

/// errc::invalid_argument when a name is not UTF-8, has a NUL or is said twice, when an id is
/// nil; errc::too_large beyond a bound.
result<void> check_new_room(const room_image& image, const std::vector<alias_record>& aliases,
                            node_id node);
result<void> check_room(const fence& lease, const room_record& room);
result<void> check_file(const file_record& file);
/// Also errc::invalid_argument unless the job is as a new one: QUEUED, no result, node or count.
result<void> check_new_job(const job_record& job);
/// errc::invalid_argument unless `status` is final.
result<void> check_end(job_status status, std::string_view encoded_result);
result<void> check_listing(const std::vector<std::string>& capability_hashes);

} // namespace coterie::storage
