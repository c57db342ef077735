#pragma once

// State on disk: the contract that every engine keeps, and that the conformance suite
// (tests/storage/conformance) runs against each.
//
// Calls block; only store actors make them, each from one thread at a time. A backend is one
// connection: engines that allow several are opened several times.
//
// Group commit: between begin() and commit() calls form one transaction. A write that fails by
// contract (stale epoch, conflict, not found) has no effect and does not disturb the others; a
// write is durable when commit() has returned success. Outside of a transaction each call is one.
//
// Every call may also fail with errc::unavailable (disk full, database locked or away),
// errc::timeout or errc::system; a failed call has no effect. When that ends the open
// transaction, the calls after it and commit() fail too. What storage/checks.hpp rules out is
// errc::invalid_argument or errc::too_large in every engine.

#include "base/result.hpp"
#include "storage/records.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::storage {

class backend {
public:
  virtual ~backend() = default;

  // -- transactions ---------------------------------------------------------------------------

  virtual result<void> begin() = 0;
  /// Everything since begin() is on disk when this succeeds; otherwise none of it happened.
  virtual result<void> commit() = 0;
  virtual void rollback() = 0;

  // -- nodes and leases -----------------------------------------------------------------------

  /// Makes `node` known. An engine that only one process can have open (see
  /// is_exclusive()) also frees what earlier incarnations held: they are dead.
  virtual result<void> register_node(node_id node) = 0;

  /// Whether no other process can write this database while we have it open.
  virtual bool is_exclusive() const noexcept = 0;

  /// Takes the room for `node` in a new epoch. errc::lease_held when another live node has it,
  /// errc::not_found when there is no such room.
  virtual result<lease_record> take_lease(room_id room, node_id node,
                                          std::chrono::milliseconds ttl) = 0;

  /// Extends every lease that `node` still holds and answers them, epochs unchanged.
  virtual result<std::vector<lease_record>> renew_leases(node_id node,
                                                         std::chrono::milliseconds ttl) = 0;

  /// Gives a room back. No error when it was no longer held.
  virtual result<void> drop_lease(const fence& lease) = 0;

  // -- rooms ----------------------------------------------------------------------------------

  /// Stores a new room with its capabilities and first snapshot, and takes its lease for `node`.
  /// errc::conflict when the id or an alias exists. Ids are never used again: a room made anew
  /// under the id of a deleted one would start in epoch 1 again.
  virtual result<lease_record> create_room(const room_image& image,
                                           const std::vector<alias_record>& aliases, node_id node,
                                           std::chrono::milliseconds ttl) = 0;
  virtual result<room_image> load_room(room_id room) = 0;
  /// Overwrites the record (not the capabilities).
  virtual result<void> update_room(const fence& lease, const room_record& room) = 0;
  /// Removes the room, its document with journal, history, versions and blobs, its chat,
  /// capabilities, members, invitations, bans, aliases and lease. Its jobs stay, but lose their
  /// `request`: those that are over at once, the others when they end (they can still be claimed
  /// and run).
  virtual result<void> delete_room(const fence& lease) = 0;

  virtual result<room_id> resolve_alias(std::string_view dialect, std::string_view name) = 0;
  virtual result<std::vector<alias_record>> list_aliases(room_id room) = 0;
  /// Names above `after` in a dialect, in their order, at most list_rows_max.
  virtual result<std::vector<std::string>>
  list_names(std::string_view dialect, std::string_view after, std::size_t limit) = 0;

  /// All of it or nothing. What is to be removed and is not there is no error. errc::too_large
  /// when the room would have more than members_max members, invites_max invitations or bans_max
  /// bans.
  virtual result<void> change_access(const fence& lease, const access_change& change) = 0;

  /// Rooms for which one of `capability_hashes` is valid or that `member` (nil: nobody) is a member
  /// of, oldest first, after `after` (exclusive, by its place in this order), at most `limit` (and
  /// list_rows_max, as in every listing). errc::not_found when the room `after` is gone: list from
  /// the start again.
  virtual result<std::vector<room_record>>
  list_rooms(const std::vector<std::string>& capability_hashes, user_id member,
             std::optional<room_id> after, std::size_t limit) = 0;

  /// Active rooms of visibility `link` that have an alias in `dialect`, newest first, at most
  /// `limit` (and list_rows_max).
  virtual result<std::vector<room_record>> list_public_rooms(std::string_view dialect,
                                                             std::size_t limit) = 0;

  // -- documents ------------------------------------------------------------------------------
  //
  // What is read here is checked against checksums and for gaps: damage is errc::system, never a
  // part of a document.

  /// Appends entries to the room's journal. `entries` are consecutive; the first is 1, or follows
  /// the last one stored: otherwise errc::conflict, the room is out of step with its journal and
  /// has to load it again. Empty: only the fence is checked. errc::too_large when the tail would
  /// have more than journal_tail_max entries: save a snapshot.
  virtual result<void> append_journal(const fence& lease,
                                      const std::vector<journal_entry>& entries) = 0;

  /// Replaces the room's snapshot and moves the entries up to its sequence from the tail into
  /// history. One call moves at most moved_bytes_max of them (but one entry at least), the oldest
  /// first; the others follow with the next snapshots, and no reader can tell the difference but
  /// by list_history. errc::conflict when the sequence is below that of the stored snapshot or
  /// above the last entry stored; the same one again is fine.
  virtual result<void> save_snapshot(const fence& lease, const document_snapshot& snapshot) = 0;

  /// The snapshot and every entry after it. errc::not_found when there is no such room.
  virtual result<stored_document> load_document(room_id room) = 0;

  // -- history --------------------------------------------------------------------------------

  /// Heads of the room's chunks that end after `after_sequence` (0: all), in order; go on after
  /// the `last_sequence` of the last one. Empty for a room that does not exist.
  virtual result<std::vector<history_chunk>>
  list_history(room_id room, std::uint64_t after_sequence, std::size_t limit) = 0;

  /// Entries from `first_sequence` on, in order, from chunks and tail: at most `limit`,
  /// history_entries_max and (but for the first) history_bytes_max of updates. Starts later when
  /// retention has removed the first ones. Empty: there are none from there on.
  virtual result<std::vector<journal_entry>>
  load_history(room_id room, std::uint64_t first_sequence, std::size_t limit) = 0;

  /// The state that history begins with: load_history gives every entry after its sequence. It is
  /// what the room was made with until trim_history replaces it; nothing: an empty document.
  virtual result<std::optional<document_snapshot>> load_history_base(room_id room) = 0;

  /// Retention: rooms whose first chunks have only entries older than `before`, by id, after
  /// `after` (exclusive), at most `limit` (and list_rows_max).
  virtual result<std::vector<aged_history>>
  list_aged_history(timestamp before, std::optional<room_id> after, std::size_t limit) = 0;

  /// Retention: from now on history begins with `base`; the chunks that end at or before its
  /// sequence are removed, and their number is the answer. Needs no lease: no owner of the room
  /// writes or removes a chunk that is there. errc::conflict when the base is older than the one
  /// that is stored or newer than the room's snapshot, errc::not_found when the room is gone.
  virtual result<std::size_t> trim_history(room_id room, const document_snapshot& base) = 0;

  // -- named versions -------------------------------------------------------------------------

  /// errc::conflict when the id exists, errc::too_large when the room has versions_max, or its
  /// versions would keep more than version_blobs_max blobs or version_blobs_bytes_max in them.
  virtual result<void> save_version(const fence& lease, const version_record& version) = 0;
  /// A room's versions in the order of saving, without states, after `after` (exclusive).
  /// errc::not_found when the version `after` is gone. Empty for a room that does not exist.
  virtual result<std::vector<version_record>>
  list_versions(room_id room, std::optional<version_id> after, std::size_t limit) = 0;
  /// errc::not_found when the room has no such version.
  virtual result<version_record> load_version(room_id room, version_id version) = 0;
  /// errc::not_found when the room has no such version.
  virtual result<void> delete_version(const fence& lease, version_id version) = 0;

  // -- chat -----------------------------------------------------------------------------------

  /// Adds a message behind the others: errc::conflict when its number is not above theirs. Past
  /// chat_messages_max the oldest ones go.
  virtual result<void> append_chat(const fence& lease, const chat_message& message) = 0;
  /// Changes the text, and whether and when it was edited or removed. errc::not_found.
  virtual result<void> update_chat(const fence& lease, const chat_message& message) = 0;
  /// A room's newest messages below `before` (nothing: of all), at most `limit` of them, by number.
  virtual result<std::vector<chat_message>>
  list_chat(room_id room, std::optional<std::uint64_t> before, std::size_t limit) = 0;

  // -- blobs ----------------------------------------------------------------------------------

  /// Stores content under its hash (blob_hash_bytes, made by the caller and not checked).
  /// Idempotent: one that is there already only counts as saved now. errc::too_large when the
  /// room would have more than blobs_max blobs or room_blobs_bytes_max in them.
  virtual result<void> save_blob(const fence& lease, std::string_view hash,
                                 std::string_view content) = 0;
  /// errc::not_found when the room has none under this hash.
  virtual result<std::string> load_blob(room_id room, std::string_view hash) = 0;
  /// Removes the room's blobs that are not among `used`, that no version of it names, and that
  /// were saved at least blob_grace ago; answers how many.
  virtual result<std::size_t> retain_blobs(const fence& lease,
                                           const std::vector<std::string>& used) = 0;

  // -- jobs -----------------------------------------------------------------------------------

  /// Stores a QUEUED job; its room need not exist. errc::conflict when its id exists, or when it is
  /// exclusive and its room has an exclusive job that is not over.
  virtual result<void> create_job(const job_record& job) = 0;
  virtual result<job_record> load_job(job_id job) = 0;

  /// Takes a QUEUED job for `node` and counts the claim; the answer is the row as it is then.
  /// errc::conflict when it is not queued or claimed by another node that is alive.
  virtual result<job_record> claim_job(job_id job, node_id node) = 0;

  /// RUNNING, with one more start; the commit of this comes before the program's first
  /// instruction. errc::conflict unless QUEUED and claimed by `node`.
  virtual result<void> start_job(job_id job, node_id node, timestamp at) = 0;

  /// The final status and result. errc::conflict unless the job is `node`'s and not over: a late
  /// finisher never overwrites.
  virtual result<void> finish_job(job_id job, node_id node, job_status status,
                                  std::string_view encoded_result, timestamp at) = 0;

  /// Ends a job that was never started (CANCELLED while queued, or given up after its claims).
  /// errc::conflict unless QUEUED.
  virtual result<void> abandon_job(job_id job, job_status status, std::string_view encoded_result,
                                   timestamp at) = 0;

  /// Repairs what dead nodes left: their QUEUED jobs become claimable; their RUNNING jobs become
  /// QUEUED again when `retry` is set and they were started once, else FAILED with
  /// `lost_result`. Answers the jobs that ended.
  virtual result<std::vector<job_id>> recover_jobs(std::string_view lost_result, timestamp at) = 0;

  /// QUEUED jobs that no live node has claimed, oldest first.
  virtual result<std::vector<job_record>> list_queued_jobs(std::size_t limit) = 0;

  /// Jobs of a room, newest first. `request` and `result` are left empty.
  virtual result<std::vector<job_record>> list_room_jobs(room_id room, std::size_t limit) = 0;

  // -- accounts -------------------------------------------------------------------------------

  /// errc::conflict when the id, or its short form, exists; taken names are an answer.
  virtual result<taken_names> create_user(const user_record& user) = 0;
  /// Overwrites everything but when it was made. errc::not_found.
  virtual result<taken_names> update_user(const user_record& user) = 0;
  /// errc::not_found, as from the next three.
  virtual result<user_record> find_user(user_id user) = 0;
  virtual result<user_record> find_user_by_email(std::string_view email) = 0;
  virtual result<user_record> find_user_by_username(std::string_view username) = 0;
  /// By storage::short_id, in either case.
  virtual result<user_record> find_user_by_short_id(std::string_view short_id) = 0;
  /// Those that exist, in no order; errc::too_large for more than list_rows_max ids.
  virtual result<std::vector<user_record>> find_users(const std::vector<user_id>& users) = 0;

  /// Stores a new login, removes the user's expired ones, and forgets ended ones of anybody whose
  /// time is over. Past logins_max the ones that were
  /// not used for longest are ended, and are the answer. errc::conflict when the id exists,
  /// errc::not_found when there is no such user.
  virtual result<std::vector<login_id>> save_login(const login_record& login, timestamp now,
                                                   timestamp revoked_until) = 0;
  /// Puts the next secret in the place of the presented one, when that is the newest one of a
  /// login within its time. What else it does is said at rotation_outcome.
  virtual result<rotation> rotate_login(const login_rotation& change) = 0;
  /// Ends one login of a user. errc::not_found when the user has no such login.
  virtual result<void> end_login(user_id user, login_id login, timestamp revoked_until) = 0;
  /// Ends all logins of a user but `kept`; answers which.
  virtual result<std::vector<login_id>> end_logins(user_id user, std::optional<login_id> kept,
                                                   timestamp revoked_until) = 0;
  /// A user's logins within their time, the one used last first; logins_max at most.
  virtual result<std::vector<login_record>> list_logins(user_id user, timestamp now) = 0;

  /// The logins that were ended and whose access tokens are refused after `now`, the last first,
  /// at most ended_logins_max; the others are forgotten.
  virtual result<std::vector<ended_login>> list_ended_logins(timestamp now) = 0;

  // -- health ---------------------------------------------------------------------------------

  /// Answers within the engine's own time limit whether reads and writes work.
  virtual result<void> check() = 0;
};

} // namespace coterie::storage
