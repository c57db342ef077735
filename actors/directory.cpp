#include "actors/directory.hpp"

#include "actors/metrics.hpp"
#include "actors/relay.hpp"
#include "actors/room_chat.hpp"
#include "actors/room_files.hpp"
#include "actors/room_runs.hpp"
#include "actors/store.hpp"
#include "actors/supervision.hpp"

#include <algorithm>
#include <unordered_map>

namespace coterie::actors {

namespace {

constexpr auto store_timeout = room_bounds::store_timeout;

/// Somebody who asked for a room that is not awake.
using waiter = std::function<void(const result<room_entry>&)>;

/// What this node knows of one room.
struct slot {
  enum class phase : std::uint8_t { waking, awake, closing };

  phase state = phase::waking;
  room_entry entry;                 ///< awake and closing
  lease_deadline woken_at{};        ///< by the actor clock
  std::vector<waiter> waiting;      ///< waking and closing
  caf::actor relay;                 ///< null while no participant of this node is in the room
  std::vector<std::string> aliases; ///< keys of awake_aliases
};

struct directory_state {
  static inline const char* name = "coterie.directory";

  directory_state(directory_actor::pointer self_pointer, directory_context given)
      : self(self_pointer), context(std::move(given)) {
    install_handlers(self, name);
    self->set_down_handler([this](const caf::down_msg& gone) { on_down(gone.source); });
  }

  ~directory_state() {
    next_renewal.dispose();
  }

  directory_actor::behavior_type make_behavior() {
    schedule_renewal();
    return {
      [this](const open_room& m) { return on_open(m); },
      [this](const find_room& m) { return on_find(m); },
      [this](const find_alias& m) { return on_find_alias(m); },
      [this](const enter_alias& m) { on_enter_alias(m); },
      [this](const attach_participant& m) { return on_attach(m); },
      [this](const room_closed& m) { on_closed(m); },
      [this](close_rooms) { return on_close_rooms(); },
      [this](describe_directory) { return describe(); },
    };
  }

  // -- making rooms --------------------------------------------------------------------------

  caf::result<room_opened> on_open(const open_room& m) {
    auto promise = self->make_response_promise<room_opened>();
    open(m, [promise](result<room_opened> opened) mutable {
      if (opened)
        promise.deliver(std::move(*opened));
      else
        promise.deliver(to_error(opened.why()));
    });
    return promise;
  }

  /// Makes the room and calls `use` once it is durable, or with the reason why there is none.
  void open(const open_room& m, const std::function<void(result<room_opened>)>& use) {
    if (stopping)
      return use(failure{errc::shutting_down, "the server is stopping"});
    if (slots.size() + opening >= directory_bounds::rooms_max
        || opening >= directory_bounds::waking_max)
      return use(failure{errc::queue_full, "this server has no place for another room now"});
    const auto* language =
      m.language.empty() ? &usual_language()
                         : find_language(*context.rooms.languages, m.language, m.runs_elsewhere);
    if (!language)
      return use(
        failure{errc::invalid_argument,
                "language: " + m.language + " is not offered here; see /api/v1/languages"});
    room_opened opened;
    opened.aliases = m.aliases;
    opened.tokens = make_room_tokens();
    const auto files = files_of(m, *language);
    opened.room = new_room(m, *language, files);
    if (auto title = check_title(opened.room.title); !title)
      return use(title.why());
    auto made = make_document(files, opened.room, context.rooms.now, m.main_is_root);
    if (!made)
      return use(made.why());
    store_new_room(m, std::move(opened), std::move(*made), use);
  }

  void store_new_room(const open_room& m, room_opened opened, new_document made,
                      const std::function<void(result<room_opened>)>& use) {
    auto grants = to_records(opened.tokens);
    grants.insert(grants.end(), m.also_grants.begin(), m.also_grants.end());
    storage::room_image image{opened.room, std::move(grants),
                              made.document->snapshot(opened.room.created_at)};
    image.access.members = m.members;
    for (auto& member : image.access.members)
      member.joined_at = opened.room.created_at;
    const auto asked_at = self->clock().now();
    ++opening;
    self
      ->request(
        context.rooms.store, store_timeout,
        make_store_task([image, aliases = opened.aliases, blobs = made.blobs, node = context.node](
                          storage::backend& db) -> result<storage::lease_record> {
          auto lease = db.create_room(image, aliases, node, directory_bounds::lease_ttl);
          if (!lease)
            return lease;
          for (const auto& [hash, content] : blobs)
            if (auto saved = db.save_blob({lease->room, lease->node, lease->epoch}, hash, *content);
                !saved)
              return saved.why();
          return lease;
        }))
      .then(
        [this, use, opened, made, image, asked_at](const storage::lease_record& lease) mutable {
          --opening;
          room_state_on_disk loaded;
          loaded.room = opened.room;
          loaded.capabilities = image.capabilities;
          loaded.access = image.access;
          loaded.document = std::move(made.document);
          loaded.blobs = std::move(made.blobs);
          loaded.aliases = opened.aliases;
          loaded.lease = lease;
          wake(slots[opened.room.id], std::move(loaded), asked_at);
          use(std::move(opened));
        },
        [this, use](const caf::error& why) {
          --opening;
          use(to_failure(why));
          answer_when_empty();
        });
  }

  static std::vector<named_file> files_of(const open_room& m, const config::language& language) {
    if (!m.files.empty())
      return m.files;
    return {{language.main_file, m.has_empty_main ? std::string() : language.hello}};
  }

  storage::room_record new_room(const open_room& m, const config::language& language,
                                const std::vector<named_file>& files) const {
    storage::room_record room;
    room.id = room_id::random();
    room.title = m.title;
    room.language = language.name;
    room.seen_by = m.seen_by;
    room.main = m.main.empty() ? main_of(files, language) : m.main;
    room.created_at = context.rooms.now();
    room.updated_at = room.created_at;
    room.link_grants = m.link_grants;
    room.extras = m.extras;
    return room;
  }

  static std::string main_of(const std::vector<named_file>& files,
                             const config::language& language) {
    for (const auto& file : files)
      if (file.path == language.main_file)
        return file.path;
    return files.front().path;
  }

  // -- finding rooms -------------------------------------------------------------------------

  caf::result<room_entry> on_find(const find_room& m) {
    auto promise = self->make_response_promise<room_entry>();
    with_room(m.id, [promise](const result<room_entry>& found) mutable {
      if (found)
        promise.deliver(*found);
      else
        promise.deliver(to_error(found.why()));
    });
    return promise;
  }

  /// Calls `use` with the room, now or when it is awake. A room that is closing is waited for and
  /// loaded again.
  void with_room(room_id id, waiter use) {
    if (stopping)
      return use(failure{errc::shutting_down, "the server is stopping"});
    const auto known = slots.find(id);
    const bool is_known = known != slots.end();
    if (is_known && known->second.state == slot::phase::awake)
      return use(known->second.entry);
    if (waiting >= directory_bounds::waking_max || slots.size() >= directory_bounds::rooms_max)
      return use(failure{errc::queue_full, "too many rooms are being opened; try again"});
    ++waiting;
    slots[id].waiting.push_back(std::move(use));
    if (!is_known)
      load(id);
  }

  /// Takes the lease and reads everything in one task: a room is either whole or not there.
  void load(room_id id) {
    const auto asked_at = self->clock().now();
    self
      ->request(context.rooms.store, store_timeout,
                make_store_task([id, node = context.node, now = context.rooms.now](
                                  storage::backend& db) { return read_room(db, id, node, now); }))
      .then([this, id, asked_at](
              room_state_on_disk& loaded) { wake(slots[id], std::move(loaded), asked_at); },
            [this, id](const caf::error& why) { on_load_failed(id, why); });
  }

  static result<room_state_on_disk> read_room(storage::backend& db, room_id id, node_id node,
                                              wall_clock now) {
    auto lease = db.take_lease(id, node, directory_bounds::lease_ttl);
    if (!lease)
      return lease.why();
    auto image = db.load_room(id);
    if (!image)
      return image.why();
    auto aliases = db.list_aliases(id);
    if (!aliases)
      return aliases.why();
    auto jobs = db.list_room_jobs(id, room_bounds::runs_listed_max);
    if (!jobs)
      return jobs.why();
    auto chat = db.list_chat(id, std::nullopt, room_chat_bounds::tail_max);
    if (!chat)
      return chat.why();
    auto stored = db.load_document(id);
    if (!stored)
      return stored.why();
    auto document = room_document::load(*stored, now);
    if (!document)
      return document.why();
    room_state_on_disk loaded;
    loaded.room = std::move(image->room);
    loaded.capabilities = std::move(image->capabilities);
    loaded.access = std::move(image->access);
    loaded.document = std::move(*document);
    loaded.aliases = std::move(*aliases);
    loaded.chat = std::move(*chat);
    loaded.lease = *lease;
    for (const auto& hash : loaded.document->files().blobs())
      if (auto blob = db.load_blob(id, hash))
        loaded.blobs.emplace(hash, std::make_shared<const std::string>(std::move(*blob)));
      else if (blob.why().code != errc::not_found) // whoever wrote the entry never sent the content
        return blob.why();
    for (const auto& job : *jobs)
      loaded.runs.push_back(view_of(job));
    return loaded;
  }

  void wake(slot& place, room_state_on_disk loaded, lease_deadline asked_at) {
    const auto until = good_until(asked_at);
    const auto id = loaded.lease.room;
    const auto epoch_now = loaded.lease.epoch;
    place.aliases.clear();
    for (const auto& alias : loaded.aliases) {
      place.aliases.push_back(key_of(alias));
      awake_aliases[place.aliases.back()] = id;
    }
    place.entry = {spawn_room(self->system(), context.rooms, std::move(loaded), until, as_actor()),
                   epoch_now};
    place.state = slot::phase::awake;
    place.woken_at = self->clock().now();
    self->monitor(place.entry.room);
    rooms_by_actor.emplace(place.entry.room.id(), id);
    if (stopping)
      self->send(place.entry.room, close_room{});
    release(place, place.entry);
    count_rooms();
  }

  void on_load_failed(room_id id, const caf::error& why) {
    const auto known = slots.find(id);
    if (known == slots.end())
      return;
    release(known->second, to_failure(why));
    slots.erase(known);
    count_rooms();
    answer_when_empty();
  }

  void release(slot& place, const result<room_entry>& answer) {
    waiting -= place.waiting.size();
    for (const auto& use : std::exchange(place.waiting, {}))
      use(answer);
  }

  caf::result<room_id> on_find_alias(const find_alias& m) {
    auto promise = self->make_response_promise<room_id>();
    self
      ->request(context.rooms.store, store_timeout, make_store_task([m](storage::backend& db) {
                  return db.resolve_alias(m.dialect, m.name);
                }))
      .then(
        [promise](const room_id& found) mutable { promise.deliver(found); },
        [promise](const caf::error& why) mutable { promise.deliver(to_error(to_failure(why))); });
    return promise;
  }

  // -- rooms by name -------------------------------------------------------------------------

  /// An awake room answers from memory. Else one look-up, or one attempt to make the room, is
  /// under way for a name, and everybody who asks meanwhile waits for it.
  void on_enter_alias(const enter_alias& m) {
    const storage::alias_record alias{m.dialect, m.name};
    const auto key = key_of(alias);
    if (const auto awake = awake_aliases.find(key); awake != awake_aliases.end())
      return m.done(awake->second);
    if (stopping)
      return m.done(failure{errc::shutting_down, "the server is stopping"});
    if (entering >= directory_bounds::waking_max)
      return m.done(failure{errc::queue_full, "too many rooms are being opened; try again"});
    ++entering;
    auto& asking = entrances[key];
    asking.push_back(m);
    if (asking.size() == 1)
      resolve(alias);
  }

  void resolve(const storage::alias_record& alias) {
    self
      ->request(context.rooms.store, store_timeout, make_store_task([alias](storage::backend& db) {
                  return db.resolve_alias(alias.dialect, alias.name);
                }))
      .then([this, alias](const room_id& found) { let_in(alias, found); },
            [this, alias](const caf::error& why) { on_unresolved(alias, to_failure(why)); });
  }

  void on_unresolved(const storage::alias_record& alias, const failure& why) {
    auto& asking = entrances[key_of(alias)];
    const bool makes_it =
      why.code == errc::not_found
      && std::ranges::any_of(asking, [](const enter_alias& one) { return one.creates; });
    if (!makes_it)
      return let_in(alias, why);
    // Who may not make it does not get it either by asking at the right moment: told now.
    std::erase_if(asking, [&](const enter_alias& one) {
      if (!one.creates)
        answer(one, why);
      return !one.creates;
    });
    auto wanted = asking.front().like;
    wanted.title = alias.name;
    wanted.aliases.insert(wanted.aliases.begin(), alias);
    wanted.has_empty_main = true;
    open(wanted, [this, alias](const result<room_opened>& opened) {
      if (opened)
        let_in(alias, opened->room.id);
      else if (opened.why().code == errc::conflict) // another node was faster: its room it is
        resolve(alias);
      else
        let_in(alias, opened.why());
    });
  }

  void let_in(const storage::alias_record& alias, const result<room_id>& found) {
    const auto key = key_of(alias);
    for (const auto& one : std::exchange(entrances[key], {}))
      answer(one, found);
    entrances.erase(key);
  }

  void answer(const enter_alias& one, const result<room_id>& found) {
    --entering;
    one.done(found);
  }

  /// For a room that nobody chose a language for. A host that can run nothing still keeps text.
  const config::language& usual_language() const {
    static const auto text = [] {
      config::language plain;
      plain.name = "text";
      plain.main_file = "main.txt";
      return plain;
    }();
    const auto& offered = context.rooms.languages->all();
    return offered.empty() ? text : offered.front();
  }

  /// No dialect has a NUL in its name.
  static std::string key_of(const storage::alias_record& alias) {
    return alias.dialect + '\0' + alias.name;
  }

  // -- participants --------------------------------------------------------------------------

  /// Finds the room, then lets the relay of this node join the participant to it.
  caf::result<joined> on_attach(const attach_participant& m) {
    auto promise = self->make_response_promise<joined>();
    with_room(m.room, [this, m, promise](const result<room_entry>& entry) mutable {
      if (!entry)
        return promise.deliver(to_error(entry.why()));
      // The relay answers the participant itself, so that no event overtakes the welcome.
      promise.delegate(relay_of(m.room), m);
    });
    return promise;
  }

  /// The room is awake.
  const caf::actor& relay_of(room_id id) {
    auto& place = slots.at(id);
    if (!place.relay) {
      place.relay = spawn_relay(self->system(), place.entry.room);
      self->monitor(place.relay);
      rooms_by_actor.emplace(place.relay.id(), id);
    }
    return place.relay;
  }

  // -- leases --------------------------------------------------------------------------------

  static lease_deadline good_until(lease_deadline asked_at) {
    return asked_at + directory_bounds::lease_ttl - directory_bounds::lease_margin;
  }

  void schedule_renewal() {
    next_renewal = self->run_delayed(directory_bounds::renew_every, [this] { renew(); });
  }

  /// One statement for all rooms of the node. The next one is due a period after the answer.
  void renew() {
    const auto asked_at = self->clock().now();
    self
      ->request(context.rooms.store, directory_bounds::lease_ttl,
                make_store_task([node = context.node](storage::backend& db) {
                  return db.renew_leases(node, directory_bounds::lease_ttl);
                }))
      .then(
        [this, asked_at](const std::vector<storage::lease_record>& held) {
          on_renewed(held, asked_at);
          schedule_renewal();
        },
        [this](const caf::error& why) {
          log::warning("leases could not be renewed", {{"why", to_failure(why).detail}});
          schedule_renewal();
        });
  }

  void on_renewed(const std::vector<storage::lease_record>& held, lease_deadline asked_at) {
    std::unordered_map<room_id, epoch> epochs;
    for (const auto& lease : held) {
      epochs.emplace(lease.room, lease.epoch);
      if (!slots.contains(lease.room) && opening == 0)
        drop(lease);
    }
    for (const auto& [id, place] : slots) {
      if (place.state != slot::phase::awake)
        continue;
      const auto at = epochs.find(id);
      if (at != epochs.end() && at->second == place.entry.lease_epoch)
        self->send(place.entry.room, lease_renewed{place.entry.lease_epoch, good_until(asked_at)});
      else if (place.woken_at <= asked_at) // else the answer could not know it yet
        self->send(place.entry.room, lease_lost{place.entry.lease_epoch});
    }
  }

  /// A room that is not here but whose lease is still ours: it was taken by a request that had
  /// timed out, or could not be given back. Renewed for ever, it would keep other nodes out.
  void drop(const storage::lease_record& orphan) {
    log::info("giving an unused lease back", {{"room", orphan.room.str()}});
    const storage::fence lease{orphan.room, orphan.node, orphan.epoch};
    self
      ->request(context.rooms.store, store_timeout,
                make_store_task([lease](storage::backend& db) { return db.drop_lease(lease); }))
      .then([] {}, [](const caf::error&) {}); // the next renewal finds it again
  }

  // -- ends ----------------------------------------------------------------------------------

  void on_closed(const room_closed& m) {
    const auto known = slots.find(m.room);
    if (known != slots.end() && known->second.entry.lease_epoch == m.lease_epoch
        && known->second.state == slot::phase::awake) {
      known->second.state = slot::phase::closing;
      forget_aliases(known->second); // it may be closing because it was deleted
    }
  }

  void forget_aliases(slot& place) {
    for (const auto& key : std::exchange(place.aliases, {}))
      awake_aliases.erase(key);
  }

  void on_down(const caf::actor_addr& gone) {
    const auto found = rooms_by_actor.find(gone.id());
    if (found == rooms_by_actor.end())
      return;
    const auto id = found->second;
    rooms_by_actor.erase(found);
    auto& place = slots.at(id);
    if (place.relay && place.relay.address() == gone)
      place.relay = nullptr;
    else
      on_room_gone(id, place);
  }

  void on_room_gone(room_id id, slot& place) {
    forget_aliases(place);
    if (!place.waiting.empty() && !stopping) {
      // Somebody asked while it was closing.
      place.state = slot::phase::waking;
      place.entry = {};
      forget_relay(place);
      load(id);
    } else {
      forget_relay(place);
      release(place, failure{errc::shutting_down, "the server is stopping"});
      slots.erase(id);
    }
    count_rooms();
    answer_when_empty();
  }

  /// A relay ends by itself when its room is gone.
  void forget_relay(slot& place) {
    if (place.relay)
      rooms_by_actor.erase(place.relay.id());
    place.relay = nullptr;
  }

  caf::result<void> on_close_rooms() {
    stopping = true;
    for (auto& [id, place] : slots)
      if (place.state != slot::phase::waking)
        self->send(place.entry.room, close_room{});
    auto promise = self->make_response_promise<void>();
    all_closed.push_back(promise);
    answer_when_empty();
    return promise;
  }

  void answer_when_empty() {
    if (!stopping || opening != 0 || !slots.empty())
      return;
    for (auto& promise : std::exchange(all_closed, {}))
      promise.deliver();
  }

  directory_status describe() const {
    directory_status status{slots.size(), 0};
    for (const auto& [id, place] : slots)
      if (place.relay)
        ++status.relays;
    return status;
  }

  void count_rooms() const {
    if (context.rooms.counters)
      context.rooms.counters->set_rooms_awake(static_cast<std::int64_t>(slots.size()));
  }

  caf::actor as_actor() const {
    return caf::actor_cast<caf::actor>(caf::strong_actor_ptr{self->ctrl()});
  }

  directory_actor::pointer self;
  directory_context context;
  std::unordered_map<room_id, slot> slots; // bounded by directory_bounds::rooms_max
  std::unordered_map<caf::actor_id, room_id> rooms_by_actor; // rooms and relays, for their DOWN
  std::size_t waiting = 0;                                // bounded by directory_bounds::waking_max
  std::unordered_map<std::string, room_id> awake_aliases; // of rooms in slots that are awake
  std::unordered_map<std::string, std::vector<enter_alias>> entrances; // by key_of
  std::size_t entering = 0; // in entrances; bounded by directory_bounds::waking_max
  std::size_t opening = 0;  // open_room requests whose rooms are being stored
  bool stopping = false;
  std::vector<caf::typed_response_promise<void>> all_closed;
  caf::disposable next_renewal;
};

} // namespace

directory_actor spawn_directory(caf::actor_system& system, directory_context context) {
  return system.spawn<directory_actor::stateful_impl<directory_state>>(std::move(context));
}

} // namespace coterie::actors
