#include "actors/historian.hpp"

#include "actors/errors.hpp"
#include "actors/history_outline.hpp"
#include "actors/history_trim.hpp"
#include "actors/past_files.hpp"
#include "actors/playback.hpp"
#include "actors/store.hpp"
#include "actors/supervision.hpp"
#include "base/log.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace coterie::actors {

namespace {

constexpr std::chrono::milliseconds store_timeout{10'000};

using store_call = std::function<result<void>(storage::backend&)>;
using outcome = std::function<void(const result<void>&)>;
using answer = std::function<void(result<history_answer>)>;

struct historian_state {
  static inline const char* name = "coterie.historian";

  historian_state(caf::event_based_actor* self_pointer, historian_settings given)
      : self(self_pointer), settings(std::move(given)) {
    install_handlers(self, name);
  }

  ~historian_state() {
    next_round.dispose();
  }

  caf::behavior make_behavior() {
    if (settings.keep.count() > 0)
      schedule_round(std::min(every(), retention_bounds::first_max));
    return {[this](const past_request& m) { return on_request(m); }};
  }

  // -- questions ------------------------------------------------------------------------------

  caf::result<history_answer> on_request(const past_request& m) {
    if (under_way >= history_bounds::node_requests_max)
      return to_error({errc::queue_full, "too much history is being read; try again"});
    ++under_way;
    auto promise = self->make_response_promise<history_answer>();
    const answer tell = [this, promise](result<history_answer> told) mutable {
      --under_way;
      if (told)
        promise.deliver(std::move(*told));
      else
        promise.deliver(to_error(told.why()));
    };
    std::visit([&](const auto& wish) { grant(m.room, wish, tell); }, m.what);
    return promise;
  }

  void grant(room_id room, const list_versions& wish, const answer& tell) {
    auto found = std::make_shared<version_listing>();
    in_store(
      [room, wish, found](storage::backend& db) -> result<void> {
        auto page = db.list_versions(room, wish.after, wish.limit);
        if (!page)
          return std::move(page).why();
        found->versions = std::move(*page);
        return {};
      },
      [found, tell](const result<void>& done) {
        tell(done ? result<history_answer>(history_answer{std::move(*found)}) : done.why());
      });
  }

  void grant(room_id room, const view_version& wish, const answer& tell) {
    with_version(room, wish.version, tell, [tell](const auto& version, const auto& document) {
      tell(history_answer{describe_version(version, *document)});
    });
  }

  void grant(room_id room, const read_version_file& wish, const answer& tell) {
    with_version(room, wish.version, tell,
                 [this, room, path = wish.path, tell](const auto& version, const auto& document) {
                   tell_file(room, path, version.at, document->files(), tell);
                 });
  }

  void tell_file(room_id room, const std::string& path, timestamp at, document_files& files,
                 const answer& tell) {
    const auto* file = files.find(path);
    if (!file || file->kind == file_kind::directory)
      return tell(failure{errc::not_found, "there is no file " + path + " in this version"});
    auto told = std::make_shared<file_read>();
    told->path = path;
    told->modified_at = at;
    told->is_text = file->kind == file_kind::text;
    if (told->is_text) {
      told->content = files.text_of(*file);
      return tell(history_answer{std::move(*told)});
    }
    in_store(
      [room, hash = file->blob, told](storage::backend& db) -> result<void> {
        auto content = db.load_blob(room, hash);
        if (!content)
          return std::move(content).why();
        told->content = std::move(*content);
        return {};
      },
      [path, told, tell](const result<void>& done) {
        if (!done && done.why().code == errc::not_found)
          return tell(failure{errc::not_found, "the content of " + path + " is not stored here"});
        tell(done ? result<history_answer>(history_answer{std::move(*told)}) : done.why());
      });
  }

  void grant(room_id room, const restore_version& wish, const answer& tell) {
    with_version(
      room, wish.version, tell, [this, room, tell](const auto& version, const auto& document) {
        auto content = std::make_shared<version_content>(content_of_version(version, *document));
        in_store([room, content](storage::backend& db) { return load_blobs(db, room, *content); },
                 [content, tell](const result<void>& done) {
                   if (!done)
                     return tell(done.why());
                   tell(history_answer{std::shared_ptr<const version_content>(content)});
                 });
      });
  }

  static result<void> load_blobs(storage::backend& db, room_id room, version_content& content) {
    for (const auto& file : content.files) {
      if (file.kind != file_kind::binary || content.blobs.contains(file.hash))
        continue;
      if (auto blob = db.load_blob(room, file.hash))
        content.blobs.emplace(file.hash, std::make_shared<const std::string>(std::move(*blob)));
      else if (blob.why().code != errc::not_found) // whoever wrote the entry never sent it
        return std::move(blob).why();
    }
    return {};
  }

  void grant(room_id room, const compare_version& wish, const answer& tell) {
    with_version(room, wish.version, tell,
                 [this, room, wish, tell](const auto&, const auto& before) {
                   const auto compare = [before, tell](const auto&, const auto& after) {
                     tell(history_answer{compare_files(before->files(), after->files())});
                   };
                   if (wish.against)
                     with_version(room, *wish.against, tell, compare);
                   else
                     with_present(room, tell, compare);
                 });
  }

  void grant(room_id room, const read_history& wish, const answer& tell) {
    auto work = std::make_shared<playback>(room, wish);
    run(work, [work, tell](const result<void>& done) {
      if (!done)
        return tell(done.why());
      auto page = std::move(*work).page();
      tell(page ? result<history_answer>(history_answer{std::move(*page)}) : page.why());
    });
  }

  void grant(room_id room, const describe_history&, const answer& tell) {
    auto work = std::make_shared<history_outline>(room);
    run(work, [work, tell](const result<void>& done) {
      if (!done)
        return tell(done.why());
      tell(history_answer{std::move(*work).summary()});
    });
  }

  /// Those are the room's own.
  void grant(room_id, const save_version&, const answer& tell) {
    tell(failure{errc::internal, "a version is saved by its room"});
  }
  void grant(room_id, const remove_version&, const answer& tell) {
    tell(failure{errc::internal, "a version is removed by its room"});
  }

  // -- steps ----------------------------------------------------------------------------------

  void in_store(store_call call, const outcome& then) {
    self->request(settings.store, store_timeout, make_store_task(std::move(call)))
      .then([then] { then({}); }, [then](const caf::error& why) { then(to_failure(why)); });
  }

  /// Loads and decodes a version; a failure is told.
  template <class Use>
  void with_version(room_id room, version_id id, const answer& tell, Use use) {
    auto version = std::make_shared<storage::version_record>();
    in_store(
      [room, id, version](storage::backend& db) -> result<void> {
        auto loaded = db.load_version(room, id);
        if (!loaded)
          return std::move(loaded).why();
        *version = std::move(*loaded);
        return {};
      },
      [version, tell, use](const result<void>& done) {
        if (!done)
          return tell(done.why());
        hand_over(*version, open_version(*version), tell, use);
      });
  }

  /// The same with the document as it is stored now.
  template <class Use>
  void with_present(room_id room, const answer& tell, Use use) {
    auto stored = std::make_shared<storage::stored_document>();
    in_store(
      [room, stored](storage::backend& db) -> result<void> {
        auto loaded = db.load_document(room);
        if (!loaded)
          return std::move(loaded).why();
        *stored = std::move(*loaded);
        return {};
      },
      [stored, tell, use](const result<void>& done) {
        if (!done)
          return tell(done.why());
        hand_over(storage::version_record{}, room_document::load(*stored), tell, use);
      });
  }

  template <class Use>
  static void hand_over(const storage::version_record& version,
                        const result<std::shared_ptr<room_document>>& document, const answer& tell,
                        const Use& use) {
    if (!document)
      return tell(document.why());
    use(version, *document);
  }

  /// Begins, opens, loads and takes until there is no more.
  template <class Work>
  void run(const std::shared_ptr<Work>& work, const outcome& then) {
    in_store([work](storage::backend& db) { return work->begin(db); },
             [this, work, then](const result<void>& begun) {
               if (!begun)
                 return then(begun);
               if (auto opened = work->open(); !opened)
                 return then(opened);
               read_on(work, then);
             });
  }

  template <class Work>
  void read_on(const std::shared_ptr<Work>& work, const outcome& then) {
    in_store([work](storage::backend& db) { return work->load(db); },
             [this, work, then](const result<void>& loaded) {
               if (!loaded)
                 return then(loaded);
               const auto goes_on = work->take();
               if (!goes_on)
                 return then(goes_on.why());
               if (*goes_on)
                 read_on(work, then);
               else
                 then({});
             });
  }

  // -- retention ------------------------------------------------------------------------------

  std::chrono::milliseconds every() const {
    return std::clamp(settings.keep / 10, retention_bounds::every_min, retention_bounds::every_max);
  }

  void schedule_round(std::chrono::milliseconds wait) {
    next_round = self->run_delayed(wait, [this] { begin_round(); });
  }

  void begin_round() {
    kept_from = settings.now() - settings.keep;
    trimmed = 0;
    find_old(std::nullopt);
  }

  /// The next rooms with old history, until there is none.
  void find_old(std::optional<room_id> after) {
    auto found = std::make_shared<std::vector<storage::aged_history>>();
    in_store(
      [found, after, until = kept_from](storage::backend& db) -> result<void> {
        auto page = db.list_aged_history(until, after, retention_bounds::rooms_at_once);
        if (!page)
          return std::move(page).why();
        *found = std::move(*page);
        return {};
      },
      [this, found](const result<void>& done) {
        if (!done)
          log::warning("old history was not found", {{"why", done.why().detail}});
        if (!done || found->empty())
          return end_round();
        old.assign(found->begin(), found->end());
        trim_next(found->back().room);
      });
  }

  void trim_next(room_id last) {
    if (old.empty())
      return find_old(last);
    const auto next = old.front();
    old.pop_front();
    auto work = std::make_shared<history_trim>(next);
    const auto go_on = [this, work, next, last](const result<void>& done) {
      if (done)
        ++trimmed;
      else if (done.why().code != errc::not_found) // deleted meanwhile
        log::warning("old history was not removed",
                     {{"room", next.room.str()}, {"why", done.why().detail}});
      if (done && work->has_more())
        old.push_front(next);
      trim_next(last);
    };
    run(work, [this, work, go_on](const result<void>& done) {
      if (!done)
        return go_on(done);
      in_store([work](storage::backend& db) { return work->save(db); }, go_on);
    });
  }

  void end_round() {
    if (trimmed > 0)
      log::info("old history was removed", {{"rooms", trimmed}});
    schedule_round(every());
  }

  caf::event_based_actor* self;
  historian_settings settings;
  std::size_t under_way = 0;
  caf::disposable next_round;
  timestamp kept_from{};                 // in this round
  std::size_t trimmed = 0;               // in this round
  std::deque<storage::aged_history> old; // of this page of rooms
};

} // namespace

caf::actor spawn_historian(caf::actor_system& system, historian_settings settings, bool detached) {
  using impl = caf::stateful_actor<historian_state>;
  if (detached)
    return system.spawn<impl, caf::detached>(std::move(settings));
  return system.spawn<impl>(std::move(settings));
}

} // namespace coterie::actors
