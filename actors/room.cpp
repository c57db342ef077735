#include "actors/room.hpp"

#include "actors/directory.hpp"
#include "actors/job.hpp"
#include "actors/metrics.hpp"
#include "actors/relay.hpp"
#include "actors/room_access.hpp"
#include "actors/room_board.hpp"
#include "actors/room_chat.hpp"
#include "actors/room_document.hpp"
#include "actors/room_drawing.hpp"
#include "actors/room_files.hpp"
#include "actors/room_history.hpp"
#include "actors/room_import.hpp"
#include "actors/room_items.hpp"
#include "actors/room_judge.hpp"
#include "actors/room_people.hpp"
#include "actors/room_runs.hpp"
#include "actors/room_saver.hpp"
#include "actors/room_source.hpp"
#include "actors/room_wishes.hpp"
#include "actors/room_workspace.hpp"
#include "actors/store.hpp"
#include "actors/supervision.hpp"
#include "actors/tree_report.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace coterie::actors {

namespace {

using storage::role;

// Long enough for a store that is busy and a queue that stores the job's row.
constexpr std::chrono::milliseconds submit_timeout{15'000};
// Longer than a run and its place in the queue take as a rule; then the question is put again.
constexpr std::chrono::milliseconds adopted_run_timeout{300'000};

struct room_state {
  static inline const char* name = "coterie.room";

  room_state(room_actor::pointer self_pointer, room_context given, room_state_on_disk loaded,
             lease_deadline until, caf::actor parent)
      : self(self_pointer),
        context(std::move(given)),
        lease{loaded.lease.room, loaded.lease.node, loaded.lease.epoch},
        good_until(until),
        directory(std::move(parent)),
        room(std::move(loaded.room)),
        aliases(std::move(loaded.aliases)),
        document_owner(std::move(loaded.document)),
        document(*document_owner),
        files(document, std::move(loaded.blobs)),
        saver(self, context.store, lease, document, files, context.now,
              {[this] {
                 if (document.has_output())
                   flush_soon();
               },
               [this](const failure& why) { on_store_failed(why); }}),
        workspace(self, context.dispatcher, room.id, document, files,
                  {[this](event what) { tell_all(std::move(what)); },
                   [this](participant_id to, event what) { people.tell_one(to, std::move(what)); },
                   [this] { items.tell_pending(); },
                   [this] {
                     items.tell_found();
                     flush_soon();
                   },
                   [this] { return items.replace_main(); }}),
        runs(std::move(loaded.runs)),
        judge({[this](const judge_code& wanted, const room_judge::answer& then) {
                 run_judged(wanted, then);
               },
               [this](event what) { tell_all(std::move(what)); }}),
        people(self, context.counters, [this](participant_id who) { on_left(who); }),
        access(room, std::move(loaded.capabilities), std::move(loaded.access), people.members(),
               saver, context.now,
               {[this] { review_roles(); },
                [this](participant_id who, const failure& why) { people.put_out(who, why); }}),
        chat(self, context.store, lease, std::move(loaded.chat), context.now,
             [this](event what) { tell_all(std::move(what)); }),
        board(document),
        items(self, document, files, people.members(),
              {[this](event what) { tell_all(std::move(what)); },
               [this](participant_id to, event what) { people.tell_one(to, std::move(what)); }}),
        drawing(document),
        wishes(
          {room, document, files, saver, workspace, judge, people, chat, board, items, drawing},
          {[this](const caller& who, role needed) { return admit_write(who, needed); },
           [this] { flush_soon(); }, [this](event what) { tell_all(std::move(what)); },
           [this] { keep_drawing_soon(); }}),
        history(self, context, lease, document, files, saver,
                {[this](event what) { tell_all(std::move(what)); }, [this] { return check_open(); },
                 [this] { return room.main; },
                 [this](const version_content& restored) { on_restored(restored); }}),
        tree(document.files()),
        source(self, room, files, people.members(),
               [this](source_changed what) { tell_all(std::move(what)); }),
        last_used(self->clock().now()) {
    install_handlers(self, name);
    self->set_down_handler([this](const caf::down_msg& gone) {
      if (!workspace.on_down(gone.source, to_failure(gone.reason)))
        people.on_relay_gone(gone.source);
    });
  }

  ~room_state() {
    next_tick.dispose();
    next_document_tick.dispose();
    next_drawing.dispose();
  }

  room_actor::behavior_type make_behavior() {
    schedule_tick();
    watch_adopted_runs();
    return {
      [this](const describe_room& m) { return on_describe(m); },
      [this](const change_room& m) { return on_change(m); },
      [this](const remove_room& m) { return on_remove(m); },
      [this](const list_files& m) { return on_list_files(m); },
      [this](const read_file& m) { return on_read(m); },
      [this](const write_file& m) { return on_write(m); },
      [this](const remove_file& m) { return on_remove_file(m); },
      [this](const export_files& m) { return on_export(m); },
      [this](const import_files& m) { return on_import(m); },
      [this](const replace_source& m) { return on_replace_source(m); },
      [this](const read_source& m) { return on_read_source(m); },
      [this](const start_run& m) { return on_start_run(m); },
      [this](const list_runs& m) { return on_list_runs(m); },
      [this](const join& m) { return on_join(m); },
      [this](const leave& m) { on_leave(m); },
      [this](const document_frames& m) { on_document_frames(m); },
      [this](const flush_document&) { on_flush_document(); },
      [this](const job_started& m) { runs.on_started(m.id, m.at); },
      [this](const job_output& m) {
        judge.on_output(m);
        tell_all(run_output{m.id, m.from, m.bytes});
      },
      [this](const job_ended& m) { on_job_ended(m); },
      [this](const room_request& m) { return on_request(m); },
      [this](const access_request& m) { return on_access(m); },
      [this](const list_chat& m) { return on_list_chat(m); },
      [this](const read_board& m) { return on_read_board(m); },
      [this](const history_request& m) { return on_history(m); },
      [this](const replay_terminal& m) { workspace.replay(m); },
      [this](const found_changes& m) { workspace.on_found(m); },
      [this](const shell_opened& m) { workspace.on_opened(m); },
      [this](const shell_output& m) { workspace.on_output(m); },
      [this](const shell_ended& m) { workspace.on_ended(m); },
      [this](const lease_renewed& m) { on_lease_renewed(m); },
      [this](const lease_lost& m) { on_lease_lost(m); },
      [this](const close_room&) { close("shutting_down"); },
    };
  }

  // -- who may -------------------------------------------------------------------------------

  /// The role of `who`, when it is at least `needed` and the room is open.
  result<role> admit(const caller& who, role needed) {
    if (closing)
      return failure{errc::unavailable, "the room is closing; try again"};
    last_used = self->clock().now();
    return access.admit(who, needed);
  }

  /// The same for a write: the lease must be good as well.
  result<role> admit_write(const caller& who, role needed) {
    auto granted = admit(who, needed);
    if (granted && self->clock().now() >= good_until)
      return failure{errc::unavailable, "the room's lease is being renewed; try again"};
    return granted;
  }

  // -- storing -------------------------------------------------------------------------------

  /// Answers once every change of the document and of the record until now is on disk.
  template <class T, class... Answer>
  caf::result<T> answer_when_durable(Answer... answer) {
    flush_soon();
    auto promise = self->template make_response_promise<T>();
    saver.when_durable([promise, answer...](const result<void>& saved) mutable {
      if (saved)
        promise.deliver(std::move(answer)...);
      else
        promise.deliver(to_error(saved.why()));
    });
    return promise;
  }

  void on_store_failed(const failure& why) {
    log::error("a room ends because a write failed",
               {{"room", room.id.str()}, {"errc", to_string(why.code)}, {"why", why.detail}});
    close("moved");
  }

  // -- the room itself -----------------------------------------------------------------------

  caf::result<room_description> on_describe(const describe_room& m) {
    const auto granted = admit(m.who, role::viewer);
    if (!granted)
      return to_error(granted.why());
    return description(*granted);
  }

  room_description description(role granted) const {
    return {room, aliases, granted};
  }

  caf::result<room_description> on_change(const change_room& m) {
    auto granted = admit_write(m.who, m.without_owner ? role::editor : role::owner);
    if (m.by_server) {
      if (auto open = check_open(); !open)
        return to_error(open.why());
      granted = role::owner;
    }
    if (!granted)
      return to_error(granted.why());
    auto changed = room;
    if (m.title) {
      if (auto complaint = check_title(*m.title); !complaint)
        return to_error(complaint.why());
      changed.title = *m.title;
    }
    if (m.seen_by)
      changed.seen_by = *m.seen_by;
    if (m.link_grants)
      changed.link_grants = *m.link_grants;
    if (m.extras)
      changed.extras = *m.extras;
    if (changed.link_grants == role::owner)
      return to_error({errc::invalid_argument, "link_role is viewer or editor"});
    if (changed.extras.size() > room_bounds::extras_bytes_max)
      return to_error({errc::too_large, "description, tags and settings are too long together"});
    if (m.status)
      changed.status = *m.status;
    if (m.language) {
      const auto* language = context.languages->find(*m.language);
      if (!language)
        return to_error(unknown_language(*m.language));
      changed.language = language->name;
    }
    if (m.main) {
      if (!files.contains(*m.main))
        return to_error({errc::invalid_argument, "main: there is no file " + *m.main});
      changed.main = *m.main;
    }
    if (changed == room)
      return answer_when_durable<room_description>(description(*granted));
    changed.updated_at = context.now();
    room = changed;
    review_roles();
    const auto who = people.writer_of(m.who);
    files.set_meta("title", room.title, who);
    files.set_meta("language", room.language, who);
    files.set_main(room.main, who);
    saver.save_record(room);
    tell_all(room_updated{room});
    return answer_when_durable<room_description>(description(*granted));
  }

  caf::result<void> on_remove(const remove_room& m) {
    if (auto granted = admit_write(m.who, m.when_empty ? role::viewer : role::owner); !granted)
      return to_error(granted.why());
    if (m.when_empty && !people.members().is_empty())
      return to_error({errc::conflict, "somebody is in the room"});
    for (const auto id : runs.under_way())
      self->send(context.dispatcher, cancel_job{id, room.id});
    begin_closing();
    saver.stop({errc::not_found, "the room was deleted"});
    auto promise = self->make_response_promise<void>();
    self
      ->request(
        context.store, room_bounds::store_timeout,
        make_store_task([lease = lease](storage::backend& db) { return db.delete_room(lease); }))
      .then(
        [this, promise]() mutable {
          tell_all(room_closed_event{"deleted"});
          promise.deliver();
          self->quit();
        },
        [this, promise](const caf::error& why) mutable {
          tell_all(
            room_closed_event{"moved"}); // it is still there, and loaded again when asked for
          promise.deliver(to_error(to_failure(why)));
          self->quit();
        });
    return promise;
  }

  // -- files ---------------------------------------------------------------------------------

  caf::result<file_listing> on_list_files(const list_files& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    return file_listing{list_all_files()};
  }

  std::vector<listed_file> list_all_files() {
    std::vector<listed_file> all;
    for (const auto& [path, file] : files.all())
      all.push_back(
        {path, file.kind, room_files::version_of(file), file.modified_at, files.size_of(file)});
    for (const auto& [path, bytes] : workspace.volatiles())
      all.push_back({.path = path,
                     .kind = file_kind::binary,
                     .modified_at = context.now(),
                     .bytes = bytes,
                     .is_volatile = true});
    return all;
  }

  caf::result<file_read> on_read(const read_file& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    auto file =
      files.read(m.path.empty() ? room.main : m.path, people.writer_of(m.who), self->clock().now());
    if (!file)
      return to_error(file.why());
    return std::move(*file);
  }

  caf::result<file_written> on_write(const write_file& m) {
    if (auto granted = admit_write(m.who, role::editor); !granted)
      return to_error(granted.why());
    auto done = files.write(m.path, m.content, m.is_text, m.if_match, people.writer_of(m.who),
                            self->clock().now());
    if (!done)
      return to_error(done.why());
    return answer_when_durable<file_written>(
      file_written{m.path, done->bytes, done->version, done->created});
  }

  caf::result<void> on_remove_file(const remove_file& m) {
    if (auto granted = admit_write(m.who, role::editor); !granted)
      return to_error(granted.why());
    if (m.path == room.main)
      return to_error({errc::conflict, "this is the main file; choose another one first"});
    if (auto done = files.remove(m.path, m.if_match, people.writer_of(m.who)); !done)
      return to_error(done.why());
    return answer_when_durable<void>();
  }

  caf::result<file_export> on_export(const export_files& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    return file_export{room.title, export_all(files)};
  }

  caf::result<files_imported> on_import(const import_files& m) {
    if (auto granted = admit_write(m.who, role::editor); !granted)
      return to_error(granted.why());
    auto done = import_into(files, m, room.main, people.writer_of(m.who), self->clock().now());
    if (!done)
      return to_error(done.why());
    return answer_when_durable<files_imported>(std::move(*done));
  }

  caf::result<source_read> on_read_source(const read_source& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    auto there = source.now_there();
    if (const auto* file = files.find_by_id(there.file))
      files.note_read(m.who.client, *file, there.version, there.what.text, self->clock().now());
    return source_read{room, std::move(there.what.text), people.members().size(), there.version};
  }

  caf::result<source_read> on_replace_source(const replace_source& m) {
    if (auto granted = admit_write(m.who, role::editor); !granted)
      return to_error(granted.why());
    auto changed = room;
    if (!m.language.empty()) {
      const auto* language = find_language(*context.languages, m.language, m.runs_elsewhere);
      if (!language)
        return to_error(unknown_language(m.language));
      if (language->name != room.language) {
        changed.language = language->name;
        changed.main = language->main_file;
      }
    }
    const auto who = people.writer_of(m.who);
    auto done =
      files.replace_main(room.main, changed.main, m.source, who, self->clock().now(), m.base.get());
    if (!done)
      return to_error(done.why());
    if (done->changed || changed != room) { // else it is the same text again
      files.set_meta("language", changed.language, who);
      const bool record_changed = changed != room;
      changed.updated_at = context.now();
      room = changed;
      if (record_changed) {
        saver.save_record(room);
        tell_all(room_updated{room});
      }
    }
    flush_soon();
    auto promise = self->make_response_promise<source_read>();
    auto there = source.now_there();
    there.what.by = m.who.user.value_or(user_id{});
    there.what.by_name = m.who.user_name;
    source.on_writing(there);
    source_read written{room, there.what.text, people.members().size(), there.version};
    saver.when_durable([this, promise, written, there](const result<void>& saved) mutable {
      if (!saved)
        return promise.deliver(to_error(saved.why()));
      source.on_written(std::move(there));
      promise.deliver(std::move(written));
    });
    return promise;
  }

  // -- runs ----------------------------------------------------------------------------------

  caf::result<run_accepted> on_start_run(const start_run& m) {
    if (auto granted = admit_write(m.who, role::editor); !granted)
      return to_error(granted.why());
    if (room.status == storage::room_status::inactive)
      return to_error({errc::inactive, "the room is closed; nothing can be run in it"});
    auto promise = self->make_response_promise<run_accepted>();
    begin_run(m, m.instead ? *m.instead : files.snapshot(),
              [promise](const result<job_id>& accepted) mutable {
                if (accepted)
                  promise.deliver(run_accepted{*accepted});
                else
                  promise.deliver(to_error(accepted.why()));
              });
    return promise;
  }

  /// Runs what is asked for with these files; `then` is called once the job is accepted or not.
  void begin_run(const start_run& m, std::vector<run_file> with,
                 const std::function<void(const result<job_id>&)>& then) {
    auto request = make_run_request(m, room, std::move(with), *context.languages);
    if (!request)
      return then(request.why());
    const auto now = context.now();
    if (auto admitted = runs.admit(m.admission, now); !admitted)
      return then(admitted.why());

    submit_job job{job_id::random(),      room.id,          std::move(*request), room.id.str(),
                   m.admission.exclusive, m.who.request_id, as_actor()};
    runs.add({job.id, room.id, job.request.language, storage::job_status::queued, now, {}, {}, {}});
    const auto id = job.id;
    run_started started{id, job.request.language, job.request.main, m.by};
    self->request(context.dispatcher, submit_timeout, std::move(job))
      .then(
        [this, then, started] {
          tell_all(started);
          if (!started.by.empty())
            chat.note_run(started.by, started.job, started.path);
          then(started.job);
        },
        [this, then, id](const caf::error& why) {
          const auto told = to_failure(why);
          if (told.code == errc::timeout) // it may still be accepted: not behind the asker's back
            self->send(context.dispatcher, cancel_job{id, room.id});
          runs.forget(id);
          then(told);
        });
  }

  /// Code that is in no file, in a container that has only it.
  void run_judged(const judge_code& wanted, const room_judge::answer& then) {
    const auto* language = context.languages->find(wanted.language);
    if (!language)
      return then(unknown_language(wanted.language));
    start_run run;
    run.path = language->main_file;
    run.language = language->name;
    run.options.input = wanted.input;
    run.options.limits.wall = wanted.wall;
    run.options.limits.cpu = wanted.wall;
    run.options.truncate_output = true;
    begin_run(run, {{language->main_file, wanted.code}}, then);
  }

  caf::result<run_listing> on_list_runs(const list_runs& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    return run_listing{runs.newest()};
  }

  void on_job_ended(const job_ended& m) {
    if (runs.on_ended(m.job))
      tell_all(run_finished{m.job});
    judge.on_ended(m.job);
  }

  /// Runs that were under way when this room was loaded report to an earlier instance of it: ask
  /// how they end, and again at the next tick where there was no answer.
  void watch_adopted_runs() {
    for (const auto id : runs.take_to_ask_about())
      self->request(context.dispatcher, adopted_run_timeout, wait_job{id})
        .then([this](const job_view& ended) { on_job_ended(job_ended{ended}); },
              [this, id](const caf::error& why) {
                if (to_failure(why).code == errc::not_found)
                  runs.forget(id);
                else
                  runs.ask_again_about(id);
              });
  }

  // -- wishes, and who may enter ---------------------------------------------------------------

  caf::result<room_answer> on_request(const room_request& m) {
    auto promise = self->make_response_promise<room_answer>();
    wishes.grant(m, deliver_to(promise));
    return promise;
  }

  caf::result<access_answer> on_access(const access_request& m) {
    last_used = self->clock().now();
    if (auto open = check_open(); !open)
      return to_error(open.why());
    auto promise = self->make_response_promise<access_answer>();
    access.grant(m, deliver_to(promise));
    return promise;
  }

  template <class T>
  static std::function<void(result<T>)> deliver_to(caf::typed_response_promise<T> promise) {
    return [promise](result<T> done) mutable {
      if (done)
        promise.deliver(std::move(*done));
      else
        promise.deliver(to_error(done.why()));
    };
  }

  caf::result<board_read> on_read_board(const read_board& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    return board_read{room.title, board.shapes()};
  }

  caf::result<chat_listing> on_list_chat(const list_chat& m) {
    if (auto granted = admit(m.who, role::viewer); !granted)
      return to_error(granted.why());
    auto promise = self->make_response_promise<chat_listing>();
    self
      ->request(context.store, room_bounds::store_timeout,
                make_listing_task(room.id, m.before, m.limit))
      .then([promise](chat_listing& found) mutable { promise.deliver(std::move(found)); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  // -- versions and history --------------------------------------------------------------------

  caf::result<history_answer> on_history(const history_request& m) {
    const auto needed = role_for(m.what);
    const auto granted = needed == role::viewer ? admit(m.who, needed) : admit_write(m.who, needed);
    if (!granted)
      return to_error(granted.why());
    auto who = people.writer_of(m.who);
    if (const auto* known = people.members().find(m.by))
      who.author = known->who.name;
    auto promise = self->make_response_promise<history_answer>();
    history.grant(who, m.what, deliver_to(promise));
    return promise;
  }

  /// Whether the room can be written now.
  result<void> check_open() const {
    if (closing || self->clock().now() >= good_until)
      return {errc::unavailable, "the room is closing or its lease is being renewed; try again"};
    return {};
  }

  void on_restored(const version_content& restored) {
    flush_soon();
    after_changes(); // the record is stored with what the answer waits for
    const auto* language = context.languages->find(restored.language);
    if (!language || language->name == room.language)
      return;
    files.set_meta("language", language->name, {});
    room.language = language->name;
    saver.save_record(room);
    tell_all(room_updated{room});
  }

  // -- participants --------------------------------------------------------------------------

  caf::result<joined> on_join(const join& m) {
    if (auto admitted = admit(m.who, role::viewer); !admitted)
      return to_error(admitted.why());
    const auto granted = access.admit_to_join(m.who, m.as.person);
    if (!granted)
      return to_error(granted.why());
    std::shared_ptr<const std::vector<item_change>> listed;
    if (m.how.hears_items)
      listed = items.list(m.who.client);
    std::optional<source_changed> news;
    if (m.how.hears_source)
      news = source.news_for(m.who.client);
    auto entered = people.enter(m, *granted);
    if (!entered)
      return to_error(entered.why());
    auto& welcome = *entered;
    welcome.room = room;
    welcome.source = std::move(news);
    welcome.items = std::move(listed);
    if (m.port != 0) {
      document.join({welcome.self.id, welcome.self.name, *granted, m.port, m.how.wants_saved});
      flush_soon();
      welcome.participants.clear();
      return std::move(welcome);
    }
    workspace.replay_all(welcome.self.id); // comes behind the answer
    welcome.terminals = workspace.terminals(welcome.self.id);
    if (!welcome.missed) {
      welcome.files = list_all_files();
      welcome.chat = chat.tail();
      welcome.board = board.shapes();
      welcome.runs = runs.newest();
    }
    return std::move(welcome);
  }

  /// Whoever may do more or less than when it came has to come again.
  void review_roles() {
    people.review([this](const caller& asking) { return access.role_of(asking); });
  }

  void on_leave(const leave& m) {
    people.leave(m);
    last_used = self->clock().now();
  }

  void on_left(participant_id who) {
    workspace.on_left(who);
    document.leave(who);
    if (document.has_output())
      flush_soon();
  }

  void tell_all(event fact) {
    people.tell_all(std::move(fact));
  }

  // -- the document --------------------------------------------------------------------------

  void on_document_frames(const document_frames& m) {
    if (closing)
      return; // who sent it still has it, and brings it along when it comes back
    const auto now = self->clock().now();
    last_used = now;
    for (const auto& frame : m.frames)
      document.take(frame, now);
    taken.emplace_back(m.relay, m.port);
    flush_soon();
  }

  /// Behind what is in the mailbox now, so that all of it is said at once.
  void flush_soon() {
    if (!std::exchange(will_flush, true))
      self->send(self, flush_document{});
  }

  void on_flush_document() {
    will_flush = false;
    after_changes();
    auto [broadcast, replies] = document.flush(self->clock().now());
    std::vector<std::pair<caf::actor, document_news>> news; // one per node
    const auto news_for = [&](const caf::actor& relay) -> document_news& {
      for (auto& [to, told] : news)
        if (to == relay)
          return told;
      return news.emplace_back(relay, document_news{}).second;
    };
    if (broadcast)
      for (const auto& relay : people.members().relays())
        news_for(relay).broadcast = broadcast;
    for (const auto& [relay, port] : std::exchange(taken, {}))
      news_for(relay).taken.push_back(port);
    for (auto& reply : replies)
      if (const auto* known = people.members().find(reply.to); known && known->relay)
        news_for(known->relay).replies.push_back(std::move(reply));
    for (auto& [relay, told] : news)
      caf::anon_send(relay, std::move(told));
    if (context.counters) {
      const auto counted = document.take_counts();
      context.counters->on_document_updates(counted.integrated, counted.refused);
    }
    schedule_document_tick();
  }

  /// Looks after what changed in the document, by whomever.
  void after_changes() {
    if (document.files().take_tree_changed()) {
      follow_main_file();
      for (auto& told : tree.take(document.files()))
        tell_all(std::move(told));
    }
    if (auto drawn = board.take_changes())
      tell_all(std::move(*drawn));
    saver.after_changes();
    workspace.after_changes();
    source.after_changes();
    items.after_changes();
  }

  void keep_drawing_soon() {
    if (std::exchange(will_keep_drawing, true))
      return;
    next_drawing = self->run_delayed(room_drawing_bounds::keep_after, [this] {
      will_keep_drawing = false;
      drawing.keep();
      flush_soon();
    });
  }

  /// The main file keeps being it when somebody gives it another name.
  void follow_main_file() {
    const auto* main = document.files().main();
    if (!main || main->path == room.main || closing)
      return;
    room.main = main->path;
    saver.save_record(room);
    tell_all(room_updated{room});
  }

  void schedule_document_tick() {
    if (has_document_tick || !document.needs_ticks())
      return;
    has_document_tick = true;
    next_document_tick = self->run_delayed(document_bounds::tick_every, [this] {
      has_document_tick = false;
      document.tick(self->clock().now());
      if (document.has_output())
        flush_soon();
      schedule_document_tick();
    });
  }

  // -- lease and end -------------------------------------------------------------------------

  void on_lease_renewed(const lease_renewed& m) {
    if (m.lease_epoch == lease.epoch)
      good_until = std::max(good_until, m.good_until);
  }

  void on_lease_lost(const lease_lost& m) {
    if (m.lease_epoch != lease.epoch || closing)
      return;
    log::warning("a room lost its lease", {{"room", room.id.str()}, {"epoch", lease.epoch}});
    begin_closing();
    saver.stop({errc::unavailable, "this was not saved; try again"});
    tell_all(room_closed_event{"moved"});
    self->quit(); // nothing is stored, nothing is given back: it is not ours
  }

  void begin_closing() {
    closing = true;
    caf::anon_send(directory, room_closed{room.id, lease.epoch});
  }

  /// Stores what is not stored yet, gives the lease back and ends.
  void close(std::string reason) {
    if (closing)
      return;
    begin_closing();
    drawing.keep();
    tell_all(room_closed_event{std::move(reason)});
    workspace.settle([this] {
      workspace.end();
      saver.finish([this] { self->quit(); });
    });
  }

  void schedule_tick() {
    next_tick = self->run_delayed(room_bounds::tick_every, [this] { on_tick(); });
  }

  void on_tick() {
    watch_adopted_runs();
    const bool is_busy = !people.members().is_empty() || runs.is_busy();
    if (!is_busy && self->clock().now() - last_used >= context.idle_after)
      close("idle");
    else
      schedule_tick();
  }

  /// This room where an untyped handle is asked for (job listeners).
  caf::actor as_actor() const {
    return caf::actor_cast<caf::actor>(caf::strong_actor_ptr{self->ctrl()});
  }

  room_actor::pointer self;
  room_context context;
  storage::fence lease;
  lease_deadline good_until;
  caf::actor directory;
  storage::room_record room;
  std::vector<storage::alias_record> aliases;
  std::shared_ptr<room_document> document_owner;
  room_document& document;
  room_files files;
  room_saver saver;
  room_workspace workspace;
  room_runs runs;
  room_judge judge;
  room_people people;
  room_access access;
  room_chat chat;
  room_board board;
  room_items items;
  room_drawing drawing;
  room_wishes wishes;
  room_history history;
  tree_report tree;
  room_source source;
  std::vector<std::pair<caf::actor, std::uint64_t>> taken; // batches since the last flush
  bool will_flush = false;
  bool closing = false;
  lease_deadline last_used;
  caf::disposable next_tick;
  bool has_document_tick = false;
  caf::disposable next_document_tick;
  bool will_keep_drawing = false;
  caf::disposable next_drawing;
};

} // namespace

room_actor spawn_room(caf::actor_system& system, room_context context, room_state_on_disk loaded,
                      lease_deadline good_until, caf::actor directory) {
  return system.spawn<room_actor::stateful_impl<room_state>>(std::move(context), std::move(loaded),
                                                             good_until, std::move(directory));
}

} // namespace coterie::actors
