#pragma once

// A database that does what a test says: the memory engine behind a script of refusals, and a
// count of what reached it.

#include "storage/memory.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coterie::testing {

/// What a test says and sees; shared with the engine, which the store owns.
struct storage_script {
  // said by the test
  std::optional<failure> next_commit; ///< the next commit fails with this, and is undone
  std::optional<failure> next_write;  ///< the next fenced write is refused with this
  std::optional<failure> every_begin; ///< nothing works until the test takes it away
  std::optional<failure> every_renewal;
  std::function<void()> on_write;                     ///< called once, in the next fenced write
  std::function<void(storage::backend&)> on_creation; ///< once, before the next room is made
  bool forgets_leases = false; ///< renewals answer that this node holds nothing

  // seen by the test
  int commits = 0;
  int writes = 0; ///< fenced writes that the engine took
  int loads = 0;
  int creations = 0;
  /// Calls that change a room or give it back, in order: "append 3", "snapshot", "record", "blob",
  /// "drop". With those that were refused.
  std::vector<std::string> order;
};

class scripted_backend final : public storage::backend {
public:
  scripted_backend(std::shared_ptr<storage_script> script, wall_clock clock)
      : script_(std::move(script)), engine_(storage::open_memory(clock)) {}

  result<void> begin() override {
    if (script_->every_begin)
      return *script_->every_begin;
    return engine_->begin();
  }
  result<void> commit() override {
    ++script_->commits;
    if (auto refused = std::exchange(script_->next_commit, std::nullopt))
      return *refused;
    return engine_->commit();
  }
  void rollback() override {
    engine_->rollback();
  }
  result<void> register_node(node_id node) override {
    return engine_->register_node(node);
  }
  bool is_exclusive() const noexcept override {
    return true;
  }
  result<storage::lease_record> take_lease(room_id room, node_id node,
                                           std::chrono::milliseconds ttl) override {
    return engine_->take_lease(room, node, ttl);
  }
  result<std::vector<storage::lease_record>> renew_leases(node_id node,
                                                          std::chrono::milliseconds ttl) override {
    if (script_->every_renewal)
      return *script_->every_renewal;
    if (script_->forgets_leases)
      return std::vector<storage::lease_record>{};
    return engine_->renew_leases(node, ttl);
  }
  result<void> drop_lease(const storage::fence& lease) override {
    script_->order.emplace_back("drop");
    return engine_->drop_lease(lease);
  }
  result<storage::lease_record> create_room(const storage::room_image& image,
                                            const std::vector<storage::alias_record>& aliases,
                                            node_id node, std::chrono::milliseconds ttl) override {
    ++script_->creations;
    if (auto look = std::exchange(script_->on_creation, nullptr))
      look(*engine_);
    return engine_->create_room(image, aliases, node, ttl);
  }
  result<storage::room_image> load_room(room_id room) override {
    ++script_->loads;
    return engine_->load_room(room);
  }
  result<void> update_room(const storage::fence& lease, const storage::room_record& room) override {
    script_->order.emplace_back("record");
    return write([&] { return engine_->update_room(lease, room); });
  }
  result<void> delete_room(const storage::fence& lease) override {
    return write([&] { return engine_->delete_room(lease); });
  }
  result<room_id> resolve_alias(std::string_view dialect, std::string_view name) override {
    return engine_->resolve_alias(dialect, name);
  }
  result<std::vector<storage::alias_record>> list_aliases(room_id room) override {
    return engine_->list_aliases(room);
  }
  result<std::vector<std::string>> list_names(std::string_view dialect, std::string_view after,
                                              std::size_t limit) override {
    return engine_->list_names(dialect, after, limit);
  }
  result<void> change_access(const storage::fence& lease,
                             const storage::access_change& change) override {
    return write([&] { return engine_->change_access(lease, change); });
  }
  result<std::vector<storage::room_record>> list_public_rooms(std::string_view dialect,
                                                              std::size_t limit) override {
    return engine_->list_public_rooms(dialect, limit);
  }
  result<std::vector<storage::room_record>> list_rooms(const std::vector<std::string>& hashes,
                                                       user_id member, std::optional<room_id> after,
                                                       std::size_t limit) override {
    return engine_->list_rooms(hashes, member, after, limit);
  }
  result<void> append_journal(const storage::fence& lease,
                              const std::vector<storage::journal_entry>& entries) override {
    script_->order.push_back("append " + std::to_string(entries.size()));
    return write([&] { return engine_->append_journal(lease, entries); });
  }
  result<void> save_snapshot(const storage::fence& lease,
                             const storage::document_snapshot& snapshot) override {
    script_->order.emplace_back("snapshot");
    return write([&] { return engine_->save_snapshot(lease, snapshot); });
  }
  result<storage::stored_document> load_document(room_id room) override {
    return engine_->load_document(room);
  }
  result<std::vector<storage::history_chunk>>
  list_history(room_id room, std::uint64_t after_sequence, std::size_t limit) override {
    return engine_->list_history(room, after_sequence, limit);
  }
  result<std::vector<storage::journal_entry>>
  load_history(room_id room, std::uint64_t first_sequence, std::size_t limit) override {
    return engine_->load_history(room, first_sequence, limit);
  }
  result<std::optional<storage::document_snapshot>> load_history_base(room_id room) override {
    return engine_->load_history_base(room);
  }
  result<std::vector<storage::aged_history>>
  list_aged_history(timestamp before, std::optional<room_id> after, std::size_t limit) override {
    return engine_->list_aged_history(before, after, limit);
  }
  result<std::size_t> trim_history(room_id room, const storage::document_snapshot& base) override {
    return engine_->trim_history(room, base);
  }
  result<void> append_chat(const storage::fence& lease,
                           const storage::chat_message& message) override {
    return write([&] { return engine_->append_chat(lease, message); });
  }
  result<void> update_chat(const storage::fence& lease,
                           const storage::chat_message& message) override {
    return write([&] { return engine_->update_chat(lease, message); });
  }
  result<std::vector<storage::chat_message>>
  list_chat(room_id room, std::optional<std::uint64_t> before, std::size_t limit) override {
    return engine_->list_chat(room, before, limit);
  }
  result<void> save_version(const storage::fence& lease,
                            const storage::version_record& version) override {
    return write([&] { return engine_->save_version(lease, version); });
  }
  result<std::vector<storage::version_record>>
  list_versions(room_id room, std::optional<version_id> after, std::size_t limit) override {
    return engine_->list_versions(room, after, limit);
  }
  result<storage::version_record> load_version(room_id room, version_id version) override {
    return engine_->load_version(room, version);
  }
  result<void> delete_version(const storage::fence& lease, version_id version) override {
    return write([&] { return engine_->delete_version(lease, version); });
  }
  result<void> save_blob(const storage::fence& lease, std::string_view hash,
                         std::string_view content) override {
    script_->order.emplace_back("blob");
    return write([&] { return engine_->save_blob(lease, hash, content); });
  }
  result<std::string> load_blob(room_id room, std::string_view hash) override {
    return engine_->load_blob(room, hash);
  }
  result<std::size_t> retain_blobs(const storage::fence& lease,
                                   const std::vector<std::string>& used) override {
    return engine_->retain_blobs(lease, used);
  }
  result<void> create_job(const storage::job_record& job) override {
    return engine_->create_job(job);
  }
  result<storage::job_record> load_job(job_id job) override {
    return engine_->load_job(job);
  }
  result<storage::job_record> claim_job(job_id job, node_id node) override {
    return engine_->claim_job(job, node);
  }
  result<void> start_job(job_id job, node_id node, timestamp at) override {
    return engine_->start_job(job, node, at);
  }
  result<void> finish_job(job_id job, node_id node, storage::job_status status,
                          std::string_view encoded_result, timestamp at) override {
    return engine_->finish_job(job, node, status, encoded_result, at);
  }
  result<void> abandon_job(job_id job, storage::job_status status, std::string_view encoded_result,
                           timestamp at) override {
    return engine_->abandon_job(job, status, encoded_result, at);
  }
  result<std::vector<job_id>> recover_jobs(std::string_view lost_result, timestamp at) override {
    return engine_->recover_jobs(lost_result, at);
  }
  result<std::vector<storage::job_record>> list_queued_jobs(std::size_t limit) override {
    return engine_->list_queued_jobs(limit);
  }
  result<std::vector<storage::job_record>> list_room_jobs(room_id room,
                                                          std::size_t limit) override {
    return engine_->list_room_jobs(room, limit);
  }
  result<storage::taken_names> create_user(const storage::user_record& user) override {
    return engine_->create_user(user);
  }
  result<storage::taken_names> update_user(const storage::user_record& user) override {
    return engine_->update_user(user);
  }
  result<storage::user_record> find_user(user_id user) override {
    return engine_->find_user(user);
  }
  result<storage::user_record> find_user_by_email(std::string_view email) override {
    return engine_->find_user_by_email(email);
  }
  result<storage::user_record> find_user_by_username(std::string_view username) override {
    return engine_->find_user_by_username(username);
  }
  result<storage::user_record> find_user_by_short_id(std::string_view short_id) override {
    return engine_->find_user_by_short_id(short_id);
  }
  result<std::vector<storage::user_record>> find_users(const std::vector<user_id>& users) override {
    return engine_->find_users(users);
  }
  result<std::vector<login_id>> save_login(const storage::login_record& login, timestamp now,
                                           timestamp revoked_until) override {
    return engine_->save_login(login, now, revoked_until);
  }
  result<storage::rotation> rotate_login(const storage::login_rotation& change) override {
    return engine_->rotate_login(change);
  }
  result<void> end_login(user_id user, login_id login, timestamp revoked_until) override {
    return engine_->end_login(user, login, revoked_until);
  }
  result<std::vector<login_id>> end_logins(user_id user, std::optional<login_id> kept,
                                           timestamp revoked_until) override {
    return engine_->end_logins(user, kept, revoked_until);
  }
  result<std::vector<storage::login_record>> list_logins(user_id user, timestamp now) override {
    return engine_->list_logins(user, now);
  }
  result<std::vector<storage::ended_login>> list_ended_logins(timestamp now) override {
    return engine_->list_ended_logins(now);
  }
  result<void> check() override {
    return engine_->check();
  }

private:
  result<void> write(const std::function<result<void>()>& call) {
    if (auto refused = std::exchange(script_->next_write, std::nullopt))
      return *refused;
    if (auto look = std::exchange(script_->on_write, nullptr))
      look();
    auto done = call();
    script_->writes += done ? 1 : 0;
    return done;
  }

  std::shared_ptr<storage_script> script_;
  std::unique_ptr<storage::backend> engine_;
};

} // namespace coterie::testing
