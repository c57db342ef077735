#include "actors/room_workspace.hpp"

#include "actors/errors.hpp"
#include "base/log.hpp"

#include <caf/all.hpp>

#include <utility>

namespace coterie::actors {

namespace {

const room_files::writer container_writer{"container", {}};

failure impossible_size() {
  return {errc::invalid_argument,
          "rows and columns are from 1 to " + std::to_string(sandbox::terminal_side_max)};
}

failure no_such_terminal(terminal_number number) {
  return {errc::not_found, "there is no terminal " + std::to_string(number) + " in this room"};
}

failure too_many(const char* whose, std::size_t most) {
  return {errc::queue_full,
          whose + std::string(" at most ") + std::to_string(most) + " terminals; close one"};
}

} // namespace

room_workspace::room_workspace(room_actor::pointer self, dispatcher_actor dispatcher, room_id room,
                               room_document& document, room_files& files, callbacks tell)
    : self_(self),
      dispatcher_(std::move(dispatcher)),
      room_(room),
      document_(document),
      files_(files),
      tell_(std::move(tell)) {}

room_workspace::~room_workspace() {
  next_push_.dispose();
}

// -- the container ------------------------------------------------------------------------------

void room_workspace::begin() {
  if (state_ != state::none)
    return;
  state_ = state::asked_for;
  const auto room = caf::actor_cast<caf::actor>(caf::strong_actor_ptr{self_->ctrl()});
  self_->request(dispatcher_, room_bounds::store_timeout, open_workspace{room_, room})
    .then([this](const caf::actor& made) { on_begun(made); },
          [this](const caf::error& why) { lose(to_failure(why)); });
}

void room_workspace::on_begun(const caf::actor& made) {
  state_ = state::there;
  workspace_ = made;
  self_->monitor(workspace_);
  must_push_ = true; // an empty room, too: the container opens when it has its files
  push();
  for (const auto& [number, line] : lines_)
    send(open_shell{number, line.view.size, line.what});
}

void room_workspace::end() {
  if (workspace_)
    caf::anon_send_exit(workspace_, caf::exit_reason::user_shutdown);
}

bool room_workspace::on_down(const caf::actor_addr& gone, const failure& why) {
  if (!workspace_ || workspace_ != gone)
    return false;
  lose(why);
  return true;
}

void room_workspace::lose(const failure& why) {
  log::info("a room's container has ended", {{"room", room_.str()}, {"why", why.detail}});
  state_ = state::none;
  workspace_ = nullptr;
  sent_.clear();
  heard_ = 0;
  sent_until_ = 0;
  is_pushing_ = false;
  held_.clear();
  volatiles_.clear();
  for (const auto& [number, line] : std::exchange(lines_, {}))
    if (line.tell)
      line.tell(why);
    else
      tell_about(line, terminal_closed{
                         number, {.how = sandbox::terminal_end::kind::lost, .detail = why.detail}});
}

template <class Message>
void room_workspace::send(const Message& message) {
  if (workspace_)
    caf::anon_send(workspace_, message);
}

// -- terminals ----------------------------------------------------------------------------------

result<room_workspace::open_line*> room_workspace::find(terminal_number number, participant_id by) {
  const auto known = lines_.find(number);
  if (known == lines_.end() || (known->second.view.is_private && known->second.view.by != by))
    return no_such_terminal(number);
  return &known->second;
}

/// To those who see the terminal.
template <class Fact>
void room_workspace::tell_about(const open_line& line, Fact fact) {
  if (line.view.is_private)
    tell_.tell_one(line.view.by, std::move(fact));
  else
    tell_.tell_all(std::move(fact));
}

result<void> room_workspace::check_opening(participant_id by,
                                           const actors::open_terminal& wanted) const {
  using bounds = room_workspace_bounds;
  if (!sandbox::is_possible(wanted.size))
    return impossible_size();
  std::size_t same = 0;
  std::size_t own = 0;
  for (const auto& [number, line] : lines_)
    if (line.view.is_private == wanted.is_private) {
      ++same;
      own += line.view.by == by ? 1U : 0U;
    }
  if (!wanted.is_private && same >= bounds::shared_terminals_max)
    return too_many("a room has", bounds::shared_terminals_max);
  if (wanted.is_private && own >= bounds::private_terminals_each_max)
    return too_many("each participant has", bounds::private_terminals_each_max);
  if (wanted.is_private && same >= bounds::private_terminals_max)
    return too_many("all participants together have", bounds::private_terminals_max);
  return {};
}

void room_workspace::open_terminal(participant_id by, const actors::open_terminal& wanted,
                                   answer tell) {
  if (auto may = check_opening(by, wanted); !may)
    return tell(may.why());
  const auto number = ++last_number_;
  const terminal_opened view{number, wanted.size, by, wanted.is_private};
  lines_.emplace(number, open_line{view, std::move(tell), wanted.what});
  begin();
  send(open_shell{number, wanted.size, wanted.what});
}

result<void> room_workspace::write(participant_id by, const write_terminal& wanted) {
  if (auto line = find(wanted.number, by); !line)
    return line.why();
  if (wanted.bytes.size() > room_workspace_bounds::write_bytes_max)
    return {errc::too_large, "at most " + std::to_string(room_workspace_bounds::write_bytes_max)
                               + " bytes are typed at once"};
  if (!holds(wanted)) {
    send(type_into_shell{wanted.number, wanted.bytes});
    return {};
  }
  if (held_.empty())
    held_until_ = document_.journal().last();
  held_.push_back({wanted.number, wanted.bytes});
  push();
  return {};
}

/// Whoever edits a file and runs it means the file as it is now.
bool room_workspace::holds(const write_terminal& wanted) const {
  if (state_ != state::there || held_.size() >= room_workspace_bounds::held_max)
    return false;
  const bool is_behind = is_pushing_ || document_.journal().last() != sent_until_;
  return !held_.empty() || (is_behind && wanted.bytes.find_first_of("\r\n") != std::string::npos);
}

result<void> room_workspace::resize(participant_id by, const resize_terminal& wanted) {
  auto line = find(wanted.number, by);
  if (!line)
    return line.why();
  if (!sandbox::is_possible(wanted.size))
    return impossible_size();
  if ((*line)->view.size == wanted.size)
    return {};
  (*line)->view.size = wanted.size;
  send(resize_shell{wanted.number, wanted.size});
  if (!(*line)->tell)
    tell_about(**line, terminal_resized{wanted.number, wanted.size});
  return {};
}

result<void> room_workspace::close(participant_id by, const close_terminal& wanted) {
  if (auto line = find(wanted.number, by); !line)
    return line.why();
  send(close_shell{wanted.number});
  return {};
}

void room_workspace::replay(const replay_terminal& wanted) {
  if (find(wanted.number, wanted.by))
    send(replay_shell{wanted.number, wanted.from, wanted.by, true});
}

void room_workspace::replay_all(participant_id to) {
  for (const auto& [number, line] : lines_)
    if (!line.view.is_private)
      send(replay_shell{number, 0, to, false});
}

std::vector<terminal_opened> room_workspace::terminals(participant_id seen_by) const {
  std::vector<terminal_opened> all;
  for (const auto& [number, line] : lines_)
    if (!line.tell && (!line.view.is_private || line.view.by == seen_by))
      all.push_back(line.view);
  return all;
}

void room_workspace::on_left(participant_id who) {
  for (const auto& [number, line] : lines_)
    if (line.view.is_private && line.view.by == who)
      send(close_shell{number});
}

void room_workspace::on_opened(const shell_opened& m) {
  const auto known = lines_.find(m.number);
  if (known == lines_.end() || !known->second.tell)
    return;
  tell_about(known->second, known->second.view);
  std::exchange(known->second.tell, nullptr)(m.number);
}

void room_workspace::on_output(const shell_output& m) {
  const auto known = lines_.find(m.number);
  if (known == lines_.end())
    return;
  terminal_output told{m.number, m.offset, m.bytes, m.to.has_value()};
  if (m.to)
    tell_.tell_one(*m.to, std::move(told));
  else
    tell_about(known->second, std::move(told));
}

void room_workspace::on_ended(const shell_ended& m) {
  auto line = lines_.extract(m.number);
  if (!line)
    return;
  if (const auto& tell = line.mapped().tell)
    tell(failure{errc::unavailable, "the terminal could not be opened: " + m.end.detail});
  else
    tell_about(line.mapped(), terminal_closed{m.number, m.end});
}

// -- files to the container ---------------------------------------------------------------------

void room_workspace::after_changes() {
  if (state_ != state::there || will_push_ || is_pushing_
      || (!must_push_ && document_.journal().last() == sent_until_))
    return;
  will_push_ = true;
  next_push_ = self_->run_delayed(room_workspace_bounds::delay, [this] {
    will_push_ = false;
    push();
  });
}

void room_workspace::push() {
  if (state_ != state::there || is_pushing_)
    return;
  const bool is_first = sent_until_ == 0 && sent_.empty();
  must_push_ = false;
  sent_until_ = document_.journal().last();
  auto wanted = collect();
  if (wanted.is_empty() && !is_first)
    return on_pushed();
  is_pushing_ = true;
  self_->request(workspace_, caf::infinite, std::move(wanted))
    .then(
      [this] {
        is_pushing_ = false;
        on_pushed();
      },
      [this](const caf::error&) { is_pushing_ = false; }); // it has ended: on_down
}

void room_workspace::on_pushed() {
  if (!held_.empty() && sent_until_ < held_until_)
    return push();
  for (auto& keys : std::exchange(held_, {}))
    send(type_into_shell{keys.number, std::move(keys.bytes)});
  after_changes();
}

/// What differs from what was sent.
wanted_changes room_workspace::collect() {
  wanted_changes wanted;
  wanted.heard = heard_;
  std::map<std::string, sent_file, std::less<>> now;
  for (const auto& [path, file] : files_.all()) {
    const auto known = sent_.find(file.id);
    const bool is_moved = known != sent_.end() && known->second.path != path;
    if (is_moved)
      wanted.moved.push_back({known->second.path, path});
    now.emplace(file.id, sent_file{path, file.version});
    if (!is_moved && known != sent_.end() && known->second.version == file.version)
      continue;
    wanted_file sent{path, file.kind, nullptr};
    if (file.kind == file_kind::text)
      sent.content = std::make_shared<const std::string>(files_.text_of(file));
    else if (file.kind == file_kind::binary)
      sent.content = files_.blob(file.blob);
    if (sent.content || file.kind == file_kind::directory)
      wanted.files.push_back(std::move(sent));
  }
  for (const auto& [id, file] : sent_)
    if (!now.contains(id))
      wanted.removed.push_back(file.path);
  sent_ = std::move(now);
  return wanted;
}

// -- files from the container -------------------------------------------------------------------

void room_workspace::on_found(const found_changes& m) {
  heard_ = m.number;
  volatiles_ = m.volatiles;
  if (!m.changes.empty())
    tell_.on_editing();
  for (const auto& found : m.changes) {
    if (auto taken = take(found); !taken)
      log::info("a change in a container does not become part of the room",
                {{"room", room_.str()}, {"path", found.path}, {"why", taken.why().detail}});
    send_again(found.path);
  }
  if (m.changes.empty())
    return;
  must_push_ = true;
  tell_.on_edited();
}

result<void> room_workspace::take(const found_change& found) {
  switch (found.what) {
  case found_change::kind::written:
    if (found.is_text)
      return files_.merge(found.path, found.base.get(), *found.content, container_writer);
    if (auto done = files_.write(found.path, *found.content, false, std::nullopt, container_writer,
                                 self_->clock().now());
        !done)
      return done.why();
    return {};
  case found_change::kind::directory_made:
    return files_.make_directory(found.path, container_writer);
  case found_change::kind::moved: {
    auto moved = files_.move(found.from, found.path, container_writer);
    if (moved)
      for (auto& [id, file] : sent_)
        if (file.path == found.from)
          file.path = found.path; // the container has done it
    return moved;
  }
  case found_change::kind::removed:
    break;
  }
  const auto* main = document_.files().main();
  if (main && main->path == found.path && !tell_.replaces_main())
    return {errc::conflict, "the main file is not removed"}; // it is written again
  if (auto done = files_.remove(found.path, std::nullopt, container_writer); !done)
    return done.why();
  return {};
}

/// What the room makes of a change may be more than the change.
void room_workspace::send_again(std::string_view path) {
  for (auto& [id, file] : sent_)
    if (file.path == path)
      file.version = 0;
  // One that a program made: the container has it, whatever becomes of it before the next push.
  if (const auto* file = document_.files().find(path))
    sent_.try_emplace(file->id, sent_file{file->path, 0});
}

void room_workspace::settle(std::function<void()> done) {
  if (state_ != state::there)
    return done();
  self_->request(workspace_, room_workspace_bounds::settle_timeout, settle_files{})
    .then([done] { done(); }, [done](const caf::error&) { done(); });
}

} // namespace coterie::actors
