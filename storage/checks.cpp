#include "storage/checks.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <functional>

namespace coterie::storage {

namespace {

failure too_large(std::string_view what, std::size_t bound, std::string_view unit) {
  return failure{errc::too_large, std::string(what) + " has more than " + std::to_string(bound)
                                    + " " + std::string(unit)};
}

result<void> check_name(std::string_view what, std::string_view text) {
  if (text.size() > name_bytes_max)
    return too_large(what, name_bytes_max, "bytes");
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
    return {errc::invalid_argument, std::string(what) + " is not UTF-8 text without NUL"};
  return {};
}

result<void> check_hash(std::string_view hash) {
  if (hash.empty() || hash.size() > capability_hash_bytes_max)
    return {errc::invalid_argument,
            "a capability's hash has 1 to " + std::to_string(capability_hash_bytes_max) + " bytes"};
  return {};
}

template <class Row, class Key>
bool has_twice(const std::vector<Row>& rows, Key key) {
  std::vector<std::invoke_result_t<Key, const Row&>> keys;
  keys.reserve(rows.size());
  for (const Row& row : rows)
    keys.push_back(std::invoke(key, row));
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

result<void> check_record(const room_record& room) {
  if (room.id.is_nil())
    return {errc::invalid_argument, "a room needs an id"};
  if (auto ok = check_name("the title", room.title); !ok)
    return ok;
  if (auto ok = check_name("the language", room.language); !ok)
    return ok;
  if (auto ok = check_name("the main file's path", room.main); !ok)
    return ok;
  if (room.link_grants == role::owner)
    return {errc::invalid_argument, "knowing a room's id makes nobody its owner"};
  if (room.extras.size() > extras_bytes_max)
    return too_large("what dialects know of the room", extras_bytes_max, "bytes");
  return {};
}

result<void> check_counts(const room_image& image, const std::vector<alias_record>& aliases) {
  if (image.capabilities.size() > capabilities_max)
    return too_large("the room", capabilities_max, "capabilities");
  if (aliases.size() > aliases_max)
    return too_large("the room", aliases_max, "aliases");
  return {};
}

result<void> check_unique(const room_image& image, const std::vector<alias_record>& aliases) {
  if (has_twice(image.capabilities,
                [](const capability_record& x) { return std::string_view(x.hash); }))
    return {errc::invalid_argument, "two capabilities have the same hash"};
  if (has_twice(aliases, [](const alias_record& x) {
        return std::pair<std::string_view, std::string_view>(x.dialect, x.name);
      }))
    return {errc::invalid_argument, "an alias is given twice"};
  return {};
}

result<void> check_first_snapshot(const room_image& image) {
  if (!image.document)
    return {};
  if (image.document->sequence != 0)
    return {errc::invalid_argument, "the first snapshot of a room has sequence 0"};
  return check_snapshot(*image.document);
}

result<void> check_sequence(std::uint64_t sequence) {
  if (sequence > sequence_max)
    return {errc::invalid_argument, "a sequence is too large"};
  return {};
}

result<void> check_author(std::string_view author) {
  if (author.size() > author_bytes_max)
    return too_large("an author", author_bytes_max, "bytes");
  return {};
}

result<void> check_state(std::string_view state) {
  if (state.size() > state_bytes_max)
    return too_large("a document's state", state_bytes_max, "bytes");
  return {};
}

} // namespace

failure no_such_room() {
  return {errc::not_found, "there is no such room"};
}

failure no_such_version() {
  return {errc::not_found, "there is no such version"};
}

failure no_such_blob() {
  return {errc::not_found, "there is no such blob"};
}

failure no_such_job() {
  return {errc::not_found, "there is no such job"};
}

failure no_such_user() {
  return {errc::not_found, "there is no such user"};
}

failure no_such_login() {
  return {errc::not_found, "there is no such login"};
}

failure lease_is_lost() {
  return {errc::stale_epoch, "the room's lease is not this node's any more"};
}

result<void> check_new_room(const room_image& image, const std::vector<alias_record>& aliases,
                            node_id node) {
  if (node.is_nil())
    return {errc::invalid_argument, "a lease needs a node"};
  if (auto ok = check_record(image.room); !ok)
    return ok;
  if (auto ok = check_counts(image, aliases); !ok)
    return ok;
  for (const auto& capability : image.capabilities)
    if (auto ok = check_hash(capability.hash); !ok)
      return ok;
  for (const auto& alias : aliases) {
    if (auto ok = check_name("an alias' dialect", alias.dialect); !ok)
      return ok;
    if (auto ok = check_name("an alias", alias.name); !ok)
      return ok;
  }
  if (auto ok = check_first_snapshot(image); !ok)
    return ok;
  if (auto ok = check_access(image.access); !ok)
    return ok;
  return check_unique(image, aliases);
}

result<void> check_access(const access_lists& put) {
  for (const auto& member : put.members) {
    if (member.user.is_nil())
      return {errc::invalid_argument, "a member needs a user"};
    if (auto ok = check_name("the member's name", member.name); !ok)
      return ok;
  }
  for (const auto& invite : put.invites) {
    if (invite.id.is_nil())
      return {errc::invalid_argument, "an invitation needs an id"};
    if (auto ok = check_hash(invite.hash); !ok)
      return ok;
  }
  for (const auto& ban : put.bans) {
    if (ban.id.is_nil())
      return {errc::invalid_argument, "a ban needs an id"};
    for (const auto* text : {&ban.name, &ban.person, &ban.address})
      if (auto ok = check_name("a ban's text", *text); !ok)
        return ok;
  }
  return {};
}

result<void> check_access_counts(std::size_t members, std::size_t invites, std::size_t bans) {
  if (members > members_max)
    return too_large("the room", members_max, "members");
  if (invites > invites_max)
    return too_large("the room", invites_max, "invitations");
  if (bans > bans_max)
    return too_large("the room", bans_max, "bans");
  return {};
}

result<void> check_room(const fence& lease, const room_record& room) {
  if (lease.room != room.id)
    return {errc::invalid_argument, "the lease is of another room than the record"};
  return check_record(room);
}

result<void> check_new_job(const job_record& job) {
  if (job.id.is_nil())
    return {errc::invalid_argument, "a job needs an id"};
  const bool is_new = job.status == job_status::queued && job.result.empty() && job.starts == 0
                      && job.claims == 0 && job.node.is_nil() && !job.started_at
                      && !job.completed_at;
  if (!is_new)
    return {errc::invalid_argument, "a new job is QUEUED, unclaimed and without a result"};
  if (job.request.size() > request_bytes_max)
    return too_large("a job's request", request_bytes_max, "bytes");
  return check_name("the language", job.language);
}

result<void> check_end(job_status status, std::string_view encoded_result) {
  if (!is_final(status))
    return {errc::invalid_argument, "a job does not end as " + std::string(to_string(status))};
  if (encoded_result.size() > result_bytes_max)
    return too_large("a job's result", result_bytes_max, "bytes");
  return {};
}

result<void> check_listing(const std::vector<std::string>& capability_hashes) {
  if (capability_hashes.size() > capabilities_max)
    return too_large("the listing", capabilities_max, "capabilities");
  return {};
}

result<void> check_journal(const std::vector<journal_entry>& entries) {
  if (entries.size() > append_entries_max)
    return too_large("a batch of the journal", append_entries_max, "entries");
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (entry.sequence < 1 || entry.sequence - i != entries[0].sequence)
      return {errc::invalid_argument, "the sequences of a batch are 1 or more and consecutive"};
    if (auto ok = check_author(entry.author); !ok)
      return ok;
    if (entry.update.size() > update_bytes_max)
      return too_large("an update", update_bytes_max, "bytes");
    bytes += entry.update.size();
  }
  if (bytes > append_bytes_max)
    return too_large("a batch of the journal", append_bytes_max, "bytes");
  return entries.empty() ? result<void>{} : check_sequence(entries.back().sequence);
}

failure tail_too_long() {
  return too_large("the journal since the last snapshot", journal_tail_max, "entries");
}

result<void> check_snapshot(const document_snapshot& snapshot) {
  if (auto ok = check_sequence(snapshot.sequence); !ok)
    return ok;
  if (snapshot.details.size() > details_bytes_max)
    return too_large("a snapshot's details", details_bytes_max, "bytes");
  return check_state(snapshot.state);
}

result<void> check_version(const fence& lease, const version_record& version) {
  if (version.id.is_nil())
    return {errc::invalid_argument, "a version needs an id"};
  if (lease.room != version.room)
    return {errc::invalid_argument, "the lease is of another room than the version"};
  if (auto ok = check_sequence(version.sequence); !ok)
    return ok;
  if (version.name.size() > version_name_bytes_max)
    return too_large("a version's name", version_name_bytes_max, "bytes");
  if (auto ok = check_name("a version's name", version.name); !ok)
    return ok;
  if (auto ok = check_author(version.author); !ok)
    return ok;
  if (auto ok = check_used_blobs(version.blobs); !ok)
    return ok;
  return check_state(version.state);
}

result<void> check_chat(const chat_message& message) {
  if (message.number == 0)
    return {errc::invalid_argument, "a message needs a number"};
  if (auto ok = check_sequence(message.number); !ok)
    return ok;
  if (message.text.size() > chat_text_bytes_max)
    return too_large("a message", chat_text_bytes_max, "bytes");
  if (message.name.size() > chat_name_bytes_max)
    return too_large("a message's name", chat_name_bytes_max, "bytes");
  if (message.person.size() > chat_person_bytes_max)
    return too_large("a message's person", chat_person_bytes_max, "bytes");
  if (message.extras.size() > chat_extras_bytes_max)
    return too_large("a message's extras", chat_extras_bytes_max, "bytes");
  for (const auto* text : {&message.text, &message.name, &message.person, &message.extras})
    if (text->find('\0') != text->npos || !is_utf8(*text))
      return {errc::invalid_argument, "a message must be UTF-8 without NUL"};
  return {};
}

failure chat_out_of_order() {
  return {errc::conflict, "a later message is there already"};
}

failure no_such_chat_message() {
  return {errc::not_found, "there is no such message"};
}

failure too_many_versions() {
  return too_large("the room", versions_max, "versions");
}

result<void> check_version_blobs(std::size_t count, std::uint64_t bytes) {
  if (count > version_blobs_max)
    return too_large("what the versions of a room keep", version_blobs_max, "binary files");
  if (bytes > version_blobs_bytes_max)
    return too_large("what the versions of a room keep", version_blobs_bytes_max,
                     "bytes in binary files");
  return {};
}

failure base_out_of_order() {
  return {errc::conflict, "the base is older than the stored one or newer than the snapshot"};
}

result<void> check_blob_hash(std::string_view hash) {
  if (hash.size() != blob_hash_bytes)
    return {errc::invalid_argument,
            "a blob's hash has " + std::to_string(blob_hash_bytes) + " bytes"};
  return {};
}

result<void> check_blob(std::string_view hash, std::string_view content) {
  if (content.size() > blob_bytes_max)
    return too_large("a blob", blob_bytes_max, "bytes");
  return check_blob_hash(hash);
}

result<void> check_blob_fits(std::size_t count, std::size_t bytes, std::size_t more) {
  if (count >= blobs_max)
    return too_large("the room", blobs_max, "blobs");
  if (bytes + more > room_blobs_bytes_max)
    return too_large("the room", room_blobs_bytes_max, "bytes of blobs");
  return {};
}

result<void> check_user(const user_record& user) {
  if (user.id.is_nil())
    return {errc::invalid_argument, "a user needs an id"};
  if (user.email.empty() || user.username.empty() || user.password_hash.empty())
    return {errc::invalid_argument, "a user needs an email, a username and a password"};
  struct bounded_text {
    std::string_view what;
    const std::string& text;
    std::size_t bytes_max;
  };
  for (const auto& each :
       {bounded_text{"an email", user.email, email_bytes_max},
        bounded_text{"a username", user.username, person_name_bytes_max},
        bounded_text{"a first name", user.first_name, person_name_bytes_max},
        bounded_text{"a last name", user.last_name, person_name_bytes_max},
        bounded_text{"a password's hash", user.password_hash, password_hash_bytes_max},
        bounded_text{"a profile", user.profile, profile_bytes_max}}) {
    if (each.text.size() > each.bytes_max)
      return too_large(each.what, each.bytes_max, "bytes");
    if (!is_utf8(each.text) || each.text.find('\0') != std::string::npos)
      return {errc::invalid_argument, std::string(each.what) + " is not UTF-8 text without NUL"};
  }
  return {};
}

namespace {

result<void> check_secret_hash(std::string_view hash) {
  if (hash.size() != login_secret_hash_bytes)
    return {errc::invalid_argument, "the hash of a login's secret has "
                                      + std::to_string(login_secret_hash_bytes) + " bytes"};
  return {};
}

} // namespace

result<void> check_user_listing(const std::vector<user_id>& users) {
  return users.size() > list_rows_max ? too_large("the listing", list_rows_max, "users")
                                      : result<void>{};
}

result<void> check_new_login(const login_record& login) {
  if (login.id.is_nil() || login.user.is_nil())
    return {errc::invalid_argument, "a login needs an id and a user"};
  if (login.client.size() > login_client_bytes_max)
    return too_large("a login's client", login_client_bytes_max, "bytes");
  if (!is_utf8(login.client) || login.client.find('\0') != std::string::npos)
    return {errc::invalid_argument, "a login's client is not UTF-8 text without NUL"};
  return check_secret_hash(login.secret_hash);
}

result<void> check_rotation(const login_rotation& change) {
  if (auto ok = check_secret_hash(change.presented_hash); !ok)
    return ok;
  return check_secret_hash(change.next_hash);
}

result<void> check_used_blobs(const std::vector<std::string>& used) {
  for (const auto& hash : used)
    if (auto ok = check_blob_hash(hash); !ok)
      return ok;
  return {};
}

} // namespace coterie::storage
