#pragma once

// The embedded engine: one file, one connection, one process. Its calls are spread over files by
// what they are about: sqlite_leases.cpp (with nodes), sqlite_rooms.cpp, sqlite_access.cpp,
// sqlite_documents.cpp (journal and snapshot), sqlite_history.cpp, sqlite_versions.cpp (with
// blobs), sqlite_jobs.cpp and sqlite_accounts.cpp; sqlite_backend.cpp has the transactions.
//
// Every write call runs in a savepoint (in a transaction of its own outside of begin and commit),
// so one that is refused or fails half-way leaves nothing behind.

#include "storage/backend.hpp"
#include "storage/lock_file.hpp"
#include "storage/sqlite_connection.hpp"

#include <set>
#include <span>

namespace coterie::storage {

class sqlite_backend final : public backend {
public:
  sqlite_backend(lock_file lock, std::unique_ptr<sqlite_connection> db, wall_clock clock)
      : lock_(std::move(lock)), db_(std::move(db)), clock_(clock) {}

  result<void> begin() override;
  result<void> commit() override;
  void rollback() override;

  result<void> register_node(node_id node) override;
  bool is_exclusive() const noexcept override {
    return true; // the lock file
  }
  result<lease_record> take_lease(room_id room, node_id node,
                                  std::chrono::milliseconds ttl) override;
  result<std::vector<lease_record>> renew_leases(node_id node,
                                                 std::chrono::milliseconds ttl) override;
  result<void> drop_lease(const fence& lease) override;

  result<lease_record> create_room(const room_image& image,
                                   const std::vector<alias_record>& aliases, node_id node,
                                   std::chrono::milliseconds ttl) override;
  result<room_image> load_room(room_id room) override;
  result<void> update_room(const fence& lease, const room_record& room) override;
  result<void> delete_room(const fence& lease) override;
  result<room_id> resolve_alias(std::string_view dialect, std::string_view name) override;
  result<std::vector<alias_record>> list_aliases(room_id room) override;
  result<std::vector<std::string>> list_names(std::string_view dialect, std::string_view after,
                                              std::size_t limit) override;
  result<void> change_access(const fence& lease, const access_change& change) override;
  result<std::vector<room_record>> list_public_rooms(std::string_view dialect,
                                                     std::size_t limit) override;
  result<std::vector<room_record>> list_rooms(const std::vector<std::string>& capability_hashes,
                                              user_id member, std::optional<room_id> after,
                                              std::size_t limit) override;

  result<void> append_journal(const fence& lease,
                              const std::vector<journal_entry>& entries) override;
  result<void> save_snapshot(const fence& lease, const document_snapshot& snapshot) override;
  result<stored_document> load_document(room_id room) override;
  result<std::vector<history_chunk>> list_history(room_id room, std::uint64_t after_sequence,
                                                  std::size_t limit) override;
  result<std::vector<journal_entry>> load_history(room_id room, std::uint64_t first_sequence,
                                                  std::size_t limit) override;
  result<std::optional<document_snapshot>> load_history_base(room_id room) override;
  result<std::vector<aged_history>>
  list_aged_history(timestamp before, std::optional<room_id> after, std::size_t limit) override;
  result<std::size_t> trim_history(room_id room, const document_snapshot& base) override;

  result<void> append_chat(const fence& lease, const chat_message& message) override;
  result<void> update_chat(const fence& lease, const chat_message& message) override;
  result<std::vector<chat_message>> list_chat(room_id room, std::optional<std::uint64_t> before,
                                              std::size_t limit) override;
  result<void> save_version(const fence& lease, const version_record& version) override;
  result<std::vector<version_record>> list_versions(room_id room, std::optional<version_id> after,
                                                    std::size_t limit) override;
  result<version_record> load_version(room_id room, version_id version) override;
  result<void> delete_version(const fence& lease, version_id version) override;
  result<void> save_blob(const fence& lease, std::string_view hash,
                         std::string_view content) override;
  result<std::string> load_blob(room_id room, std::string_view hash) override;
  result<std::size_t> retain_blobs(const fence& lease,
                                   const std::vector<std::string>& used) override;

  result<void> create_job(const job_record& job) override;
  result<job_record> load_job(job_id job) override;
  result<job_record> claim_job(job_id job, node_id node) override;
  result<void> start_job(job_id job, node_id node, timestamp at) override;
  result<void> finish_job(job_id job, node_id node, job_status status,
                          std::string_view encoded_result, timestamp at) override;
  result<void> abandon_job(job_id job, job_status status, std::string_view encoded_result,
                           timestamp at) override;
  result<std::vector<job_id>> recover_jobs(std::string_view lost_result, timestamp at) override;
  result<std::vector<job_record>> list_queued_jobs(std::size_t limit) override;
  result<std::vector<job_record>> list_room_jobs(room_id room, std::size_t limit) override;

  result<taken_names> create_user(const user_record& user) override;
  result<taken_names> update_user(const user_record& user) override;
  result<user_record> find_user(user_id user) override;
  result<user_record> find_user_by_email(std::string_view email) override;
  result<user_record> find_user_by_username(std::string_view username) override;
  result<user_record> find_user_by_short_id(std::string_view short_id) override;
  result<std::vector<user_record>> find_users(const std::vector<user_id>& users) override;
  result<std::vector<login_id>> save_login(const login_record& login, timestamp now,
                                           timestamp revoked_until) override;
  result<rotation> rotate_login(const login_rotation& change) override;
  result<void> end_login(user_id user, login_id login, timestamp revoked_until) override;
  result<std::vector<login_id>> end_logins(user_id user, std::optional<login_id> kept,
                                           timestamp revoked_until) override;
  result<std::vector<login_record>> list_logins(user_id user, timestamp now) override;
  result<std::vector<ended_login>> list_ended_logins(timestamp now) override;

  result<void> check() override;

private:
  /// Runs `write` so that it happens as a whole or not at all.
  template <class Write>
  auto atomically(Write write) -> decltype(write()) {
    if (auto ok = enter_call(); !ok)
      return ok.why();
    auto answer = write();
    if (!answer) {
      undo_call();
      return answer;
    }
    if (auto ok = leave_call(); !ok)
      return ok.why();
    return answer;
  }
  result<void> enter_call();
  result<void> leave_call();
  void undo_call();
  /// errc::unavailable when SQLite has ended the open transaction by itself.
  result<void> check_transaction() const;

  result<std::optional<lease_record>> find_lease(room_id room);
  result<void> store_lease(const lease_record& lease);
  result<bool> is_alive(node_id node);
  result<void> check_fence(const fence& lease);

  result<void> check_names_are_free(room_id room, const std::vector<alias_record>& aliases);
  result<void> insert_room(const room_record& room);
  result<void> insert_capabilities(const room_image& image);
  result<void> put_access(room_id room, const access_lists& put);
  result<void> check_access_fits(room_id room);
  result<access_lists> load_access(room_id room);
  result<void> insert_aliases(room_id room, const std::vector<alias_record>& aliases);

  /// The last sequence that the snapshot contains, and the last one stored (0: none).
  struct journal_ends {
    std::uint64_t snapshot;
    std::uint64_t last;
  };
  result<journal_ends> find_journal_ends(room_id room);
  /// One row of the journal, as one statement.
  result<void> append_block(const fence& lease, std::span<const journal_entry> entries);
  result<void> explain_no_append(const fence& lease, std::uint64_t first_sequence);
  result<void> put_snapshot(room_id room, const document_snapshot& snapshot);
  /// The first snapshot goes: it stays as what the history begins with.
  result<void> keep_first_snapshot(room_id room);
  result<void> put_history_base(room_id room, const document_snapshot& base);
  /// `known` is the sequence of the snapshot before: the journal has no gap after it.
  result<void> move_to_history(room_id room, std::uint64_t known, std::uint64_t sequence);
  /// The oldest rows of the journal: all that one snapshot may move, and little more.
  result<std::vector<journal_entry>> read_movable(room_id room, std::uint64_t sequence);
  result<void> append_history(room_id room, std::span<const journal_entry> entries);
  result<void> drop_from_journal(room_id room, std::uint64_t last_sequence);
  /// Appends the entries of a row (first_sequence, last_sequence, entries) to those of the rows
  /// before it.
  static result<void> read_journal_row(const sqlite_query& row,
                                       std::vector<journal_entry>& entries);
  result<std::vector<journal_entry>> read_tail(room_id room, std::uint64_t after_sequence);

  /// The place of a version in the order of saving; errc::not_found when the room has none such.
  result<std::int64_t> find_version(room_id room, version_id version);
  /// Distinct hashes of the blobs that the room's versions name.
  result<std::set<std::string>> version_blobs(room_id room);
  /// errc::too_large when versions may not keep these blobs.
  result<void> check_kept_blobs(room_id room, const std::set<std::string>& kept);
  /// Whether the room had this blob, which then counts as saved now.
  result<bool> touch_blob(room_id room, std::string_view hash);

  result<void> end_job(job_id job, job_status status, std::string_view encoded_result,
                       timestamp at);
  result<std::vector<job_id>> list_lost_jobs();

  result<taken_names> find_taken_names(const user_record& user);
  /// Removes one login and remembers until when its access tokens are refused.
  result<void> remove_login(login_id login, timestamp revoked_until);

  lock_file lock_; // first, so that it is given back after the file is closed
  std::unique_ptr<sqlite_connection> db_;
  wall_clock clock_;
  bool is_in_transaction_ = false;
};

} // namespace coterie::storage
