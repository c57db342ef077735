#pragma once

// The embedded engine: one file, one connection, one process. Its calls are spread over files by
// what they are about: sqlite_leases.cpp (with nodes), sqlite_rooms.cpp (with files) and
// sqlite_jobs.cpp; sqlite_backend.cpp has the transactions.
//
// Every write call runs in a savepoint (in a transaction of its own outside of begin and commit),
// so one that is refused or fails half-way leaves nothing behind.

#include "storage/backend.hpp"
#include "storage/lock_file.hpp"
#include "storage/sqlite_connection.hpp"

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
  result<std::vector<room_record>> list_rooms(const std::vector<std::string>& capability_hashes,
                                              std::optional<room_id> after,
                                              std::size_t limit) override;

  result<void> save_file(const fence& lease, const file_record& file) override;
  result<void> delete_file(const fence& lease, std::string_view path) override;

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
  result<void> insert_aliases(room_id room, const std::vector<alias_record>& aliases);
  result<void> put_file(room_id room, const file_record& file);

  result<void> end_job(job_id job, job_status status, std::string_view encoded_result,
                       timestamp at);
  result<std::vector<job_id>> list_lost_jobs();

  lock_file lock_; // first, so that it is given back after the file is closed
  std::unique_ptr<sqlite_connection> db_;
  wall_clock clock_;
  bool is_in_transaction_ = false;
};

} // namespace coterie::storage
