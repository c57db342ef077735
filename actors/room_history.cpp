#include "actors/room_history.hpp"

#include "actors/errors.hpp"
#include "actors/historian.hpp"
#include "actors/room_restore.hpp"
#include "actors/store.hpp"
#include "base/text.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace coterie::actors {

namespace {

using bounds = history_bounds;
using blob_list = std::vector<std::pair<std::string, std::shared_ptr<const std::string>>>;

/// The blobs first, so that none that the version names is removed before it is there.
result<void> save(storage::backend& db, const storage::fence& lease,
                  const storage::version_record& version, const blob_list& blobs) {
  for (const auto& [hash, content] : blobs)
    if (auto kept = db.save_blob(lease, hash, *content); !kept)
      return kept;
  return db.save_version(lease, version);
}

} // namespace

storage::role role_for(const history_wish& wish) noexcept {
  if (std::holds_alternative<remove_version>(wish))
    return storage::role::owner;
  const bool writes =
    std::holds_alternative<save_version>(wish) || std::holds_alternative<restore_version>(wish);
  return writes ? storage::role::editor : storage::role::viewer;
}

result<void> check_version_name(std::string_view name) {
  if (name.empty() || name.size() > bounds::name_bytes_max)
    return {errc::invalid_argument,
            "name: must have 1 to " + std::to_string(bounds::name_bytes_max) + " bytes"};
  const bool has_control = std::ranges::any_of(
    name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (has_control || !is_utf8(name))
    return {errc::invalid_argument, "name: must be UTF-8 without control characters"};
  return {};
}

room_history::room_history(room_actor::pointer self, const room_context& context,
                           storage::fence lease, room_document& document, room_files& files,
                           room_saver& saver, callbacks room)
    : self_(self),
      store_(context.store),
      historian_(context.historian),
      lease_(lease),
      document_(document),
      files_(files),
      saver_(saver),
      now_(context.now),
      room_(std::move(room)) {}

void room_history::grant(const room_files::writer& who, const history_wish& wish, answer tell) {
  if (in_flight_ >= bounds::room_requests_max)
    return tell(failure{errc::rate_limited, "too many requests about this room's history at once"});
  ++in_flight_;
  const answer told = [this, tell = std::move(tell)](result<history_answer> done) {
    --in_flight_;
    tell(std::move(done));
  };
  std::visit([&](const auto& one) { grant_one(who, one, told); }, wish);
}

// -- saving and removing ------------------------------------------------------------------------

blob_list room_history::blobs_in_use() {
  blob_list used;
  for (const auto& hash : document_.files().blobs())
    if (auto content = files_.blob(hash))
      used.emplace_back(hash, std::move(content));
  return used;
}

void room_history::grant_one(const room_files::writer& who, const save_version& wish,
                             const answer& tell) {
  if (auto good = check_version_name(wish.name); !good)
    return tell(good.why());
  const auto now = now_();
  auto snapshot = document_.snapshot(now);
  storage::version_record version;
  version.id = version_id::random();
  version.room = lease_.room;
  version.name = wish.name;
  version.author = who.author;
  version.at = now;
  version.sequence = snapshot.sequence;
  version.state = std::move(snapshot.state);
  auto blobs = blobs_in_use();
  for (const auto& [hash, content] : blobs)
    version.blobs.push_back(hash);
  saver_.when_durable([this, version = std::move(version), blobs = std::move(blobs),
                       tell](const result<void>& saved) mutable {
    if (!saved)
      return tell(saved.why());
    auto told = version;
    told.state.clear();
    told.blobs.clear();
    self_
      ->request(
        store_, room_bounds::store_timeout,
        make_store_task([lease = lease_, version = std::move(version), blobs = std::move(blobs)](
                          storage::backend& db) { return save(db, lease, version, blobs); }))
      .then(
        [this, told, tell] {
          room_.tell_all(version_saved{told});
          tell(history_answer{told});
        },
        [tell](const caf::error& why) { tell(to_failure(why)); });
  });
}

void room_history::grant_one(const room_files::writer&, const remove_version& wish,
                             const answer& tell) {
  self_
    ->request(store_, room_bounds::store_timeout,
              make_store_task([lease = lease_, wish](storage::backend& db) {
                return db.delete_version(lease, wish.version);
              }))
    .then(
      [this, wish, tell] {
        room_.tell_all(version_removed{wish.version});
        tell(history_answer{});
      },
      [tell](const caf::error& why) { tell(to_failure(why)); });
}

// -- restoring ----------------------------------------------------------------------------------

void room_history::grant_one(const room_files::writer& who, const restore_version& wish,
                             const answer& tell) {
  ask_historian(wish, [this, who, tell](const result<history_answer>& found) {
    if (!found)
      return tell(found.why());
    restore(who, *std::get<std::shared_ptr<const version_content>>(found->what), tell);
  });
}

void room_history::restore(const room_files::writer& who, const version_content& wanted,
                           const answer& tell) {
  if (auto may = room_.may_write(); !may)
    return tell(may.why());
  auto done = restore_files(document_, files_, wanted, room_.main(), who);
  room_.on_restored(wanted);
  if (!done)
    return tell(done.why());
  saver_.when_durable(
    [this, by = who.author, report = std::move(*done), tell](const result<void>& saved) {
      if (!saved)
        return tell(saved.why());
      room_.tell_all(version_restored{report.version, by});
      tell(history_answer{report});
    });
}

// -- reading ------------------------------------------------------------------------------------

/// What is read is on disk, so what was written before is to be there.
template <class Wish>
void room_history::grant_one(const room_files::writer&, const Wish& wish, const answer& tell) {
  saver_.when_durable([this, wish, tell](const result<void>& saved) {
    if (!saved)
      return tell(saved.why());
    ask_historian(wish, tell);
  });
}

void room_history::ask_historian(history_wish wish, const answer& tell) {
  self_->request(historian_, bounds::timeout, past_request{lease_.room, std::move(wish)})
    .then([tell](history_answer& found) { tell(std::move(found)); },
          [tell](const caf::error& why) { tell(to_failure(why)); });
}

} // namespace coterie::actors
