#include "storage/memory.hpp"

#include "storage/checks.hpp"
#include "storage/lease.hpp"
#include "storage/memory_accounts.hpp"
#include "storage/memory_documents.hpp"
#include "storage/memory_table.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <variant>

namespace coterie::storage {

namespace {

struct room_row {
  room_record room;
  std::uint64_t seq = 0; ///< order of insertion
  std::vector<capability_record> capabilities;
  std::vector<alias_record> aliases;
  access_lists access;
};

struct job_row {
  job_record job;
  std::uint64_t seq = 0; ///< order of insertion
};

using alias_key = std::pair<std::string, std::string>;  // dialect, name
using capability_key = std::pair<std::string, room_id>; // hash, room
using member_key = std::pair<user_id, room_id>;
using listing_key = std::pair<timestamp, std::uint64_t>; // made at, order of insertion

/// Replaces rows by `key` where they are, adds others, and keeps the order of `age`.
template <class Row, class Key, class Age>
void put_all(std::vector<Row>& rows, const std::vector<Row>& put, Key key, Age age) {
  for (const auto& row : put) {
    const auto known = std::ranges::find(rows, row.*key, key);
    if (known == rows.end())
      rows.push_back(row);
    else
      *known = row;
  }
  std::ranges::stable_sort(rows, {}, age);
}

class memory_backend final : public backend {
public:
  explicit memory_backend(wall_clock clock) : clock_(clock) {}

  // -- transactions

  result<void> begin() override {
    if (undo_.is_open())
      return {errc::internal, "a transaction is already open"};
    undo_.open();
    return {};
  }

  result<void> commit() override {
    if (!undo_.is_open())
      return {errc::internal, "no transaction is open"};
    undo_.close();
    return {};
  }

  void rollback() override {
    undo_.play();
  }

  // -- nodes and leases

  result<void> register_node(node_id node) override {
    if (node.is_nil())
      return {errc::invalid_argument, "a node needs an id"};
    node_.put(0, node);
    for (const auto& held : leases_where([node](const lease_record& x) { return x.node != node; }))
      leases_.put(held.room, lease_record{held.room, node_id{}, held.epoch, timestamp{}});
    return {};
  }

  bool is_exclusive() const noexcept override {
    return true;
  }

  result<lease_record> take_lease(room_id room, node_id node,
                                  std::chrono::milliseconds ttl) override {
    if (node.is_nil())
      return {errc::invalid_argument, "a lease needs a node"};
    const auto* stored = leases_.find(room);
    if (!stored)
      return no_such_room();
    const auto holder = is_alive(stored->node) ? holder_state::alive : holder_state::dead;
    const auto granted = grant(*stored, node, holder, clock_(), ttl);
    if (!granted)
      return {errc::lease_held, "another node has the room"};
    leases_.put(room, *granted);
    return *granted;
  }

  result<std::vector<lease_record>> renew_leases(node_id node,
                                                 std::chrono::milliseconds ttl) override {
    const auto now = clock_();
    std::vector<lease_record> renewed;
    for (const auto& held : leases_where([node](const lease_record& x) { return x.node == node; }))
      if (auto longer = renew(held, node, now, ttl)) {
        leases_.put(longer->room, *longer);
        renewed.push_back(*longer);
      }
    return renewed;
  }

  result<void> drop_lease(const fence& lease) override {
    if (const auto* stored = leases_.find(lease.room))
      if (auto freed = release(*stored, lease))
        leases_.put(lease.room, *freed);
    return {};
  }

  // -- rooms

  result<lease_record> create_room(const room_image& image,
                                   const std::vector<alias_record>& aliases, node_id node,
                                   std::chrono::milliseconds ttl) override {
    if (auto ok = check_new_room(image, aliases, node); !ok)
      return ok.why();
    const auto id = image.room.id;
    if (rooms_.has(id))
      return {errc::conflict, "a room with this id exists"};
    for (const auto& alias : aliases)
      if (aliases_.has({alias.dialect, alias.name}))
        return {errc::conflict, "a room with this alias exists"};
    rooms_.put(id, room_row{image.room, ++last_seq_, image.capabilities, aliases, image.access});
    for (const auto& capability : image.capabilities)
      capabilities_.put({capability.hash, id}, {});
    for (const auto& member : image.access.members)
      memberships_.put({member.user, id}, {});
    for (const auto& alias : aliases)
      aliases_.put({alias.dialect, alias.name}, id);
    if (image.document)
      documents_.put_snapshot(id, *image.document);
    const auto lease = *grant(free_lease(id), node, holder_state::dead, clock_(), ttl);
    leases_.put(id, lease);
    return lease;
  }

  result<room_image> load_room(room_id room) override {
    const auto* row = rooms_.find(room);
    if (!row)
      return no_such_room();
    room_image image{row->room, row->capabilities};
    image.access = row->access;
    return image;
  }

  result<void> update_room(const fence& lease, const room_record& room) override {
    if (auto ok = check_room(lease, room); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    room_row row = *rooms_.find(lease.room);
    row.room = room;
    rooms_.put(lease.room, std::move(row));
    return {};
  }

  result<void> delete_room(const fence& lease) override {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    const room_row row = *rooms_.find(lease.room);
    for (const auto& capability : row.capabilities)
      capabilities_.erase({capability.hash, lease.room});
    for (const auto& alias : row.aliases)
      aliases_.erase({alias.dialect, alias.name});
    for (const auto& member : row.access.members)
      memberships_.erase({member.user, lease.room});
    documents_.erase(lease.room);
    erase_chat(lease.room, sequence_max);
    leases_.erase(lease.room);
    rooms_.erase(lease.room);
    drop_sources_of_ended_jobs(lease.room);
    return {};
  }

  result<room_id> resolve_alias(std::string_view dialect, std::string_view name) override {
    const auto* room = aliases_.find({std::string(dialect), std::string(name)});
    if (!room)
      return no_such_room();
    return *room;
  }

  result<std::vector<std::string>> list_names(std::string_view dialect, std::string_view after,
                                              std::size_t limit) override {
    std::vector<std::string> names;
    const auto& all = aliases_.rows();
    for (auto at = all.upper_bound({std::string(dialect), std::string(after)});
         at != all.end() && at->first.first == dialect
         && names.size() < std::min(limit, list_rows_max);
         ++at)
      names.push_back(at->first.second);
    return names;
  }

  result<std::vector<alias_record>> list_aliases(room_id room) override {
    const auto* row = rooms_.find(room);
    auto aliases = row ? row->aliases : std::vector<alias_record>{};
    std::sort(aliases.begin(), aliases.end(), [](const alias_record& a, const alias_record& b) {
      return std::tie(a.dialect, a.name) < std::tie(b.dialect, b.name);
    });
    return aliases;
  }

  result<void> change_access(const fence& lease, const access_change& change) override {
    if (auto ok = check_access(change.put); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    room_row row = *rooms_.find(lease.room);
    auto& access = row.access;
    for (const auto& user : change.removed_members)
      std::erase_if(access.members, [&](const auto& x) { return x.user == user; });
    for (const auto& id : change.removed_invites)
      std::erase_if(access.invites, [&](const auto& x) { return x.id == id; });
    for (const auto& id : change.removed_bans)
      std::erase_if(access.bans, [&](const auto& x) { return x.id == id; });
    put_all(access.members, change.put.members, &member_record::user, &member_record::joined_at);
    put_all(access.invites, change.put.invites, &invite_record::id, &invite_record::created_at);
    put_all(access.bans, change.put.bans, &ban_record::id, &ban_record::created_at);
    if (auto ok =
          check_access_counts(access.members.size(), access.invites.size(), access.bans.size());
        !ok)
      return ok;
    for (const auto& user : change.removed_members)
      memberships_.erase({user, lease.room});
    for (const auto& member : change.put.members)
      memberships_.put({member.user, lease.room}, {});
    rooms_.put(lease.room, std::move(row));
    return {};
  }

  result<std::vector<room_record>> list_rooms(const std::vector<std::string>& capability_hashes,
                                              user_id member, std::optional<room_id> after,
                                              std::size_t limit) override {
    if (auto ok = check_listing(capability_hashes); !ok)
      return ok.why();
    std::optional<listing_key> past;
    if (after) {
      const auto* row = rooms_.find(*after);
      if (!row)
        return no_such_room();
      past = listing_key{row->room.created_at, row->seq};
    }
    std::map<listing_key, const room_record*> found;
    for (const auto& hash : capability_hashes)
      for (auto at = capabilities_.rows().lower_bound({hash, room_id{}});
           at != capabilities_.rows().end() && at->first.first == hash; ++at) {
        const auto& row = *rooms_.find(at->first.second);
        found.emplace(listing_key{row.room.created_at, row.seq}, &row.room);
      }
    for (auto at = memberships_.rows().lower_bound({member, room_id{}});
         !member.is_nil() && at != memberships_.rows().end() && at->first.first == member; ++at) {
      const auto& row = *rooms_.find(at->first.second);
      found.emplace(listing_key{row.room.created_at, row.seq}, &row.room);
    }
    std::vector<room_record> listed;
    for (auto at = past ? found.upper_bound(*past) : found.begin();
         at != found.end() && listed.size() < std::min(limit, list_rows_max); ++at)
      listed.push_back(*at->second);
    return listed;
  }

  result<std::vector<room_record>> list_public_rooms(std::string_view dialect,
                                                     std::size_t limit) override {
    std::map<listing_key, const room_record*> found;
    for (auto at = aliases_.rows().lower_bound({std::string(dialect), ""});
         at != aliases_.rows().end() && at->first.first == dialect; ++at) {
      const auto& row = *rooms_.find(at->second);
      if (row.room.seen_by == visibility::link && row.room.status == room_status::active)
        found.emplace(listing_key{row.room.created_at, row.seq}, &row.room);
    }
    std::vector<room_record> listed;
    for (auto at = found.rbegin();
         at != found.rend() && listed.size() < std::min(limit, list_rows_max); ++at)
      listed.push_back(*at->second);
    return listed;
  }

  // -- documents

  result<void> append_journal(const fence& lease,
                              const std::vector<journal_entry>& entries) override {
    if (auto ok = check_journal(entries); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    return documents_.append(lease.room, entries);
  }

  result<void> save_snapshot(const fence& lease, const document_snapshot& snapshot) override {
    if (auto ok = check_snapshot(snapshot); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    return documents_.save_snapshot(lease.room, snapshot);
  }

  result<stored_document> load_document(room_id room) override {
    if (!rooms_.has(room))
      return no_such_room();
    return documents_.load(room);
  }

  result<std::vector<history_chunk>> list_history(room_id room, std::uint64_t after_sequence,
                                                  std::size_t limit) override {
    return documents_.list_history(room, after_sequence, limit);
  }

  result<std::vector<journal_entry>> load_history(room_id room, std::uint64_t first_sequence,
                                                  std::size_t limit) override {
    return documents_.load_history(room, first_sequence, limit);
  }

  result<std::optional<document_snapshot>> load_history_base(room_id room) override {
    return documents_.history_base(room);
  }

  result<std::vector<aged_history>>
  list_aged_history(timestamp before, std::optional<room_id> after, std::size_t limit) override {
    return documents_.list_aged_history(before, after, limit);
  }

  result<std::size_t> trim_history(room_id room, const document_snapshot& base) override {
    if (auto ok = check_snapshot(base); !ok)
      return ok.why();
    if (!rooms_.has(room))
      return no_such_room();
    return documents_.trim_history(room, base);
  }

  result<void> append_chat(const fence& lease, const chat_message& message) override {
    if (auto ok = check_chat(message); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    const auto last = list_chat(lease.room, std::nullopt, 1);
    if (!last->empty() && message.number <= last->front().number)
      return chat_out_of_order();
    chat_.put({lease.room, message.number}, message);
    const auto first = chat_.rows().lower_bound({lease.room, 0});
    if (message.number - first->first.second < chat_messages_max)
      return {}; // so many at most
    const auto end = chat_.rows().upper_bound({lease.room, message.number});
    const auto count = static_cast<std::size_t>(std::distance(first, end));
    if (count > chat_messages_max)
      erase_chat(lease.room, std::prev(end, chat_messages_max)->first.second - 1);
    return {};
  }

  result<void> update_chat(const fence& lease, const chat_message& message) override {
    if (auto ok = check_chat(message); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    const auto* known = chat_.find({lease.room, message.number});
    if (!known)
      return no_such_chat_message();
    auto changed = *known;
    changed.text = message.text;
    changed.edited_at = message.edited_at;
    changed.is_removed = message.is_removed;
    chat_.put({lease.room, message.number}, std::move(changed));
    return {};
  }

  result<std::vector<chat_message>> list_chat(room_id room, std::optional<std::uint64_t> before,
                                              std::size_t limit) override {
    const auto most = std::min(limit, list_rows_max);
    std::vector<chat_message> listed;
    auto at = chat_.rows().lower_bound({room, before.value_or(sequence_max)});
    while (at != chat_.rows().begin() && listed.size() < most && (--at)->first.first == room)
      listed.push_back(at->second);
    std::ranges::reverse(listed);
    return listed;
  }

  result<void> save_version(const fence& lease, const version_record& version) override {
    if (auto ok = check_version(lease, version); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    return documents_.save_version(version);
  }

  result<std::vector<version_record>> list_versions(room_id room, std::optional<version_id> after,
                                                    std::size_t limit) override {
    return documents_.list_versions(room, after, limit);
  }

  result<version_record> load_version(room_id room, version_id version) override {
    return documents_.load_version(room, version);
  }

  result<void> delete_version(const fence& lease, version_id version) override {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    return documents_.delete_version(lease.room, version);
  }

  result<void> save_blob(const fence& lease, std::string_view hash,
                         std::string_view content) override {
    if (auto ok = check_blob(hash, content); !ok)
      return ok;
    if (auto ok = check_fence(lease); !ok)
      return ok;
    return documents_.save_blob(lease.room, hash, content, clock_());
  }

  result<std::string> load_blob(room_id room, std::string_view hash) override {
    return documents_.load_blob(room, hash);
  }

  result<std::size_t> retain_blobs(const fence& lease,
                                   const std::vector<std::string>& used) override {
    if (auto ok = check_used_blobs(used); !ok)
      return ok.why();
    if (auto ok = check_fence(lease); !ok)
      return ok.why();
    return documents_.retain_blobs(lease.room, used, clock_());
  }

  // -- jobs

  result<void> create_job(const job_record& job) override {
    if (auto ok = check_new_job(job); !ok)
      return ok;
    if (jobs_.has(job.id))
      return {errc::conflict, "a job with this id exists"};
    if (job.exclusive && job.room && has_exclusive_job(*job.room))
      return {errc::conflict, "the room has an exclusive job that is not over"};
    jobs_.put(job.id, job_row{job, ++last_seq_});
    open_jobs_.put(last_seq_, job.id);
    return {};
  }

  result<job_record> load_job(job_id job) override {
    const auto* row = jobs_.find(job);
    if (!row)
      return no_such_job();
    return row->job;
  }

  result<job_record> claim_job(job_id job, node_id node) override {
    if (node.is_nil())
      return {errc::invalid_argument, "a claim needs a node"};
    const auto* row = jobs_.find(job);
    if (!row)
      return no_such_job();
    if (!is_claimable(row->job, node))
      return {errc::conflict, "the job is not queued or another node has claimed it"};
    job_row claimed = *row;
    claimed.job.node = node;
    ++claimed.job.claims;
    jobs_.put(job, claimed);
    return std::move(claimed.job);
  }

  result<void> start_job(job_id job, node_id node, timestamp at) override {
    const auto* row = jobs_.find(job);
    if (!row)
      return no_such_job();
    if (row->job.status != job_status::queued || node.is_nil() || row->job.node != node)
      return {errc::conflict, "the job is not queued or not claimed by this node"};
    job_row started = *row;
    started.job.status = job_status::running;
    started.job.started_at = at;
    ++started.job.starts;
    jobs_.put(job, std::move(started));
    return {};
  }

  result<void> finish_job(job_id job, node_id node, job_status status,
                          std::string_view encoded_result, timestamp at) override {
    if (auto ok = check_end(status, encoded_result); !ok)
      return ok;
    const auto* row = jobs_.find(job);
    if (!row)
      return no_such_job();
    if (is_final(row->job.status) || node.is_nil() || row->job.node != node)
      return {errc::conflict, "the job is over or another node's"};
    end_job(*row, status, encoded_result, at);
    return {};
  }

  result<void> abandon_job(job_id job, job_status status, std::string_view encoded_result,
                           timestamp at) override {
    if (auto ok = check_end(status, encoded_result); !ok)
      return ok;
    const auto* row = jobs_.find(job);
    if (!row)
      return no_such_job();
    if (row->job.status != job_status::queued)
      return {errc::conflict, "the job is not queued"};
    end_job(*row, status, encoded_result, at);
    return {};
  }

  result<std::vector<job_id>> recover_jobs(std::string_view lost_result, timestamp at) override {
    if (auto ok = check_end(job_status::failed, lost_result); !ok)
      return ok.why();
    std::vector<job_id> ended;
    for (const auto& row : open_job_rows()) {
      if (row.job.node.is_nil() || is_alive(row.job.node))
        continue;
      if (row.job.status == job_status::queued || (row.job.retry && row.job.starts == 1)) {
        requeue_job(row);
      } else {
        end_job(row, job_status::failed, lost_result, at);
        ended.push_back(row.job.id);
      }
    }
    return ended;
  }

  result<std::vector<job_record>> list_queued_jobs(std::size_t limit) override {
    std::map<listing_key, const job_record*> found;
    for (const auto& [seq, id] : open_jobs_.rows()) {
      const auto& job = jobs_.find(id)->job;
      if (job.status == job_status::queued && !is_alive(job.node))
        found.emplace(listing_key{job.created_at, seq}, &job);
    }
    std::vector<job_record> listed;
    for (auto at = found.begin();
         at != found.end() && listed.size() < std::min(limit, list_rows_max); ++at)
      listed.push_back(*at->second);
    return listed;
  }

  result<std::vector<job_record>> list_room_jobs(room_id room, std::size_t limit) override {
    std::map<listing_key, const job_record*> found;
    for (const auto& [id, row] : jobs_.rows())
      if (row.job.room == room)
        found.emplace(listing_key{row.job.created_at, row.seq}, &row.job);
    std::vector<job_record> listed;
    for (auto at = found.rbegin();
         at != found.rend() && listed.size() < std::min(limit, list_rows_max); ++at) {
      listed.push_back(*at->second);
      listed.back().request.clear();
      listed.back().result.clear();
    }
    return listed;
  }

  // -- accounts

  result<taken_names> create_user(const user_record& user) override {
    if (auto ok = check_user(user); !ok)
      return ok.why();
    return accounts_.create_user(user);
  }

  result<taken_names> update_user(const user_record& user) override {
    if (auto ok = check_user(user); !ok)
      return ok.why();
    return accounts_.update_user(user);
  }

  result<user_record> find_user(user_id user) override {
    return accounts_.find_user(user);
  }

  result<user_record> find_user_by_email(std::string_view email) override {
    return accounts_.find_user_by_email(email);
  }

  result<user_record> find_user_by_username(std::string_view username) override {
    return accounts_.find_user_by_username(username);
  }

  result<user_record> find_user_by_short_id(std::string_view short_id) override {
    return accounts_.find_user_by_short_id(short_id);
  }

  result<std::vector<user_record>> find_users(const std::vector<user_id>& users) override {
    if (auto ok = check_user_listing(users); !ok)
      return ok.why();
    return accounts_.find_users(users);
  }

  result<std::vector<login_id>> save_login(const login_record& login, timestamp now,
                                           timestamp revoked_until) override {
    if (auto ok = check_new_login(login); !ok)
      return ok.why();
    return accounts_.save_login(login, now, revoked_until);
  }

  result<rotation> rotate_login(const login_rotation& change) override {
    if (auto ok = check_rotation(change); !ok)
      return ok.why();
    return accounts_.rotate_login(change);
  }

  result<void> end_login(user_id user, login_id login, timestamp revoked_until) override {
    return accounts_.end_login(user, login, revoked_until);
  }

  result<std::vector<login_id>> end_logins(user_id user, std::optional<login_id> kept,
                                           timestamp revoked_until) override {
    return accounts_.end_logins(user, kept, revoked_until);
  }

  result<std::vector<login_record>> list_logins(user_id user, timestamp now) override {
    return accounts_.list_logins(user, now);
  }

  result<std::vector<ended_login>> list_ended_logins(timestamp now) override {
    return accounts_.list_ended_logins(now);
  }

  result<void> check() override {
    return {};
  }

private:
  /// Messages up to this number.
  void erase_chat(room_id room, std::uint64_t last) {
    for (auto at = chat_.rows().lower_bound({room, 0});
         at != chat_.rows().end() && at->first.first == room && at->first.second <= last;)
      chat_.erase((at++)->first);
  }
  /// Only the node registered last lives: no other process reaches this memory.
  bool is_alive(node_id node) const {
    const auto* registered = node_.find(0);
    return registered && !node.is_nil() && *registered == node;
  }

  result<void> check_fence(const fence& lease) const {
    const auto* stored = leases_.find(lease.room);
    if (!stored || !admits(*stored, lease))
      return lease_is_lost();
    return {};
  }

  template <class Predicate>
  std::vector<lease_record> leases_where(Predicate wanted) const {
    std::vector<lease_record> found;
    for (const auto& [room, lease] : leases_.rows())
      if (wanted(lease))
        found.push_back(lease);
    return found;
  }

  bool has_exclusive_job(room_id room) const {
    return std::any_of(open_jobs_.rows().begin(), open_jobs_.rows().end(), [&](const auto& open) {
      const auto& job = jobs_.find(open.second)->job;
      return job.exclusive && job.room == room;
    });
  }

  bool is_claimable(const job_record& job, node_id node) const {
    return job.status == job_status::queued && (job.node == node || !is_alive(job.node));
  }

  std::vector<job_row> open_job_rows() const {
    std::vector<job_row> rows;
    for (const auto& [seq, id] : open_jobs_.rows())
      rows.push_back(*jobs_.find(id));
    return rows;
  }

  void requeue_job(job_row row) {
    row.job.status = job_status::queued;
    row.job.node = node_id{};
    row.job.started_at.reset();
    const auto id = row.job.id;
    jobs_.put(id, std::move(row));
  }

  void end_job(job_row row, job_status status, std::string_view encoded_result, timestamp at) {
    row.job.status = status;
    row.job.result = encoded_result;
    row.job.completed_at = at;
    if (row.job.room && !rooms_.has(*row.job.room))
      row.job.request.clear(); // its room was deleted while it was open
    const auto id = row.job.id;
    open_jobs_.erase(row.seq);
    ended_jobs_.put(++last_seq_, id);
    jobs_.put(id, std::move(row));
    while (ended_jobs_.rows().size() > memory_ended_jobs_max) {
      const auto oldest = *ended_jobs_.rows().begin();
      ended_jobs_.erase(oldest.first);
      jobs_.erase(oldest.second);
    }
  }

  void drop_sources_of_ended_jobs(room_id room) {
    std::vector<job_row> ended;
    for (const auto& [id, row] : jobs_.rows())
      if (row.job.room == room && is_final(row.job.status))
        ended.push_back(row);
    for (auto& row : ended) {
      row.job.request.clear();
      const auto id = row.job.id;
      jobs_.put(id, std::move(row));
    }
  }

  wall_clock clock_;
  undo_log undo_;
  std::uint64_t last_seq_ = 0;             // never taken back: a gap does no harm
  memory_table<int, node_id> node_{undo_}; // one row: the node registered last
  memory_table<room_id, room_row> rooms_{undo_};
  memory_table<capability_key, std::monostate> capabilities_{undo_};
  memory_table<member_key, std::monostate> memberships_{undo_};
  memory_table<alias_key, room_id> aliases_{undo_};
  memory_documents documents_{undo_};
  memory_table<std::pair<room_id, std::uint64_t>, chat_message> chat_{undo_};
  memory_table<room_id, lease_record> leases_{undo_};
  memory_table<job_id, job_row> jobs_{undo_};
  memory_table<std::uint64_t, job_id> open_jobs_{undo_};  // QUEUED and RUNNING, by insertion
  memory_table<std::uint64_t, job_id> ended_jobs_{undo_}; // by the order in which they ended
  memory_accounts accounts_{undo_};
};

} // namespace

std::unique_ptr<backend> open_memory(wall_clock clock) {
  return std::make_unique<memory_backend>(clock);
}

} // namespace coterie::storage
