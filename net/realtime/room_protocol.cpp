#include "net/realtime/room_protocol.hpp"

#include "actors/room_board.hpp"
#include "actors/room_chat.hpp"
#include "actors/room_presence.hpp"
#include "actors/room_workspace.hpp"
#include "base/text.hpp"
#include "net/api/board.hpp"
#include "net/api/chat.hpp"
#include "net/api/files.hpp"
#include "net/api/program.hpp"
#include "net/api/rooms.hpp"
#include "net/api/runs.hpp"
#include "net/api/versions.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = room_protocol_bounds;

json::object frame(std::string_view type, const std::string& reference = {}) {
  json::object out{{"type", type}};
  if (!reference.empty())
    out["re"] = json::parse(reference); // ours: read_client_frame wrote it
  return out;
}

json::object participant_json(const actors::participant& who) {
  return {{"id", who.id.str()},
          {"name", who.name},
          {"color", who.color},
          {"role", storage::to_string(who.grants)},
          {"person", who.person.empty() ? who.id.str() : who.person},
          {"user", who.user.is_nil() ? json::value(nullptr) : json::value(who.user.str())},
          {"state", who.is_away ? "away" : "present"}};
}

json::value cursor_json(const std::optional<actors::cursor>& at) {
  if (!at)
    return nullptr;
  return {{"path", to_utf8(at->path)}, {"anchor", at->anchor}, {"head", at->head}};
}

json::object shared_result_json(const actors::shared_result& result) {
  json::object out{{"success", result.success},
                   {"output", to_utf8(result.output)},
                   {"error", nullptr},
                   {"time_ms", result.time_ms}};
  if (result.error)
    out["error"] = to_utf8(*result.error);
  return out;
}

/// What of a room can be changed.
json::object room_settings_json(const storage::room_record& room) {
  return {{"title", room.title},
          {"language", room.language},
          {"visibility", storage::to_string(room.seen_by)},
          {"link_role", storage::to_string(room.link_grants)},
          {"main", room.main}};
}

json::object present_json(const actors::present_participant& present) {
  auto out = participant_json(present.who);
  out["typing"] = present.now.is_typing;
  out["cursor"] = cursor_json(present.now.at);
  return out;
}

json::object terminal_json(const actors::terminal_opened& terminal) {
  return {{"terminal", terminal.number},
          {"rows", terminal.size.rows},
          {"columns", terminal.size.columns},
          {"by", terminal.by.str()},
          {"private", terminal.is_private}};
}

json::object terminal_closed_json(const actors::terminal_closed& closed) {
  using kind = sandbox::terminal_end::kind;
  auto out = frame("terminal_closed");
  out["terminal"] = closed.number;
  switch (closed.end.how) {
  case kind::exited:
    out["reason"] = "exited";
    out["exit_code"] = closed.end.exit_code;
    break;
  case kind::signalled:
    out["reason"] = "signalled";
    out["signal"] = closed.end.signal;
    break;
  case kind::lost:
    out["reason"] = "lost";
    out["detail"] = to_utf8(closed.end.detail);
    break;
  }
  return out;
}

/// What a run did without what it wrote: that was streamed, but for tests, and is in
/// GET /api/v1/runs/{id}.
json::object without_streams(json::object run) {
  for (const char* name : {"stdout", "stderr", "stdout_base64", "stderr_base64"})
    run.erase(name);
  if (auto* compile = run.if_contains("compile"))
    *compile = without_streams(compile->as_object());
  if (auto* tests = run.if_contains("tests"))
    for (auto& test : tests->as_array())
      test = without_streams(test.as_object());
  return run;
}

actors::start_run read_start_run(const field_reader& fields) {
  actors::start_run run;
  run.path = read_path(fields, "path").value_or("");
  run.language = fields.text("language", bounds::name_bytes_max).value_or("");
  run.options = read_run_options(fields);
  return run;
}

job_id read_run_id(const field_reader& fields) {
  const auto text = fields.text("run", bounds::name_bytes_max);
  const auto job = job_id::parse(text.value_or(""));
  if (!job)
    fields.complain("run", "must be the id of a run");
  return job.value_or(job_id{});
}

actors::write_run read_write_run(const field_reader& fields) {
  actors::write_run write;
  write.id = read_run_id(fields);
  write.bytes = fields.text("data", actors::dispatcher_bounds::write_bytes_max).value_or("");
  write.is_last = fields.flag("eof").value_or(false);
  if (!fields.has("data") && !write.is_last)
    fields.complain("data", "is required");
  return write;
}

failure wrong_fields(const complaints& wrong) {
  std::string all;
  for (const auto& one : wrong)
    all += (all.empty() ? "" : "; ") + one;
  return {errc::invalid_argument, std::move(all)};
}

sandbox::terminal_size read_size(const field_reader& fields) {
  const sandbox::terminal_size usual;
  const auto side = [&](std::string_view name, std::uint16_t otherwise) {
    return static_cast<std::uint16_t>(
      fields.positive(name, sandbox::terminal_side_max).value_or(otherwise));
  };
  return {side("rows", usual.rows), side("columns", usual.columns)};
}

/// Which terminal a request is about.
std::uint32_t read_terminal_number(const field_reader& fields) {
  const auto number = fields.positive("terminal", UINT32_MAX);
  if (!fields.has("terminal"))
    fields.complain("terminal", "is required");
  return static_cast<std::uint32_t>(number.value_or(0));
}

actors::room_wish read_open_terminal(const field_reader& fields) {
  return actors::open_terminal{read_size(fields), fields.flag("private").value_or(false)};
}

actors::room_wish read_write_terminal(const field_reader& fields) {
  const auto number = read_terminal_number(fields);
  auto data = fields.text("data", actors::room_workspace_bounds::write_bytes_max);
  if (!fields.has("data"))
    fields.complain("data", "is required");
  return actors::write_terminal{number, data.value_or("")};
}

actors::room_wish read_resize_terminal(const field_reader& fields) {
  for (const char* side : {"rows", "columns"})
    if (!fields.has(side))
      fields.complain(side, "is required");
  return actors::resize_terminal{read_terminal_number(fields), read_size(fields)};
}

actors::room_wish read_close_terminal(const field_reader& fields) {
  return actors::close_terminal{read_terminal_number(fields)};
}

std::string read_chat_text(const field_reader& fields) {
  auto text = fields.text("text", actors::room_chat_bounds::text_bytes_max);
  if (!fields.has("text"))
    fields.complain("text", "is required");
  return text.value_or("");
}

std::uint64_t read_message_number(const field_reader& fields) {
  const auto number = fields.positive("message", INT64_MAX);
  if (!fields.has("message"))
    fields.complain("message", "is required");
  return number.value_or(0);
}

actors::room_wish read_post_chat(const field_reader& fields) {
  return actors::post_chat{read_chat_text(fields)};
}

actors::room_wish read_edit_chat(const field_reader& fields) {
  return actors::edit_chat{read_message_number(fields), read_chat_text(fields)};
}

actors::room_wish read_remove_chat(const field_reader& fields) {
  return actors::remove_chat{read_message_number(fields)};
}

actors::room_wish read_update_participant(const field_reader& fields) {
  return actors::update_participant{fields.text("name", bounds::name_bytes_max),
                                    fields.text("color", bounds::name_bytes_max)};
}

/// An offset: from 0, unlike what field_reader::positive takes.
std::uint32_t read_offset(const json::object& from, std::string_view name,
                          const field_reader& fields) {
  const auto* value = from.if_contains(name);
  if (!value || value->is_null())
    return 0;
  const auto* number = value->if_int64();
  if (number && *number >= 0 && *number <= INT32_MAX)
    return static_cast<std::uint32_t>(*number);
  fields.complain(name, "must be an integer from 0");
  return 0;
}

actors::room_wish read_move_cursor(const json::object& body, const field_reader& fields) {
  auto path = fields.text("path", actors::room_presence_bounds::path_bytes_max);
  if (!path)
    return actors::move_cursor{};
  const auto anchor = read_offset(body, "anchor", fields);
  const auto head = body.contains("head") ? read_offset(body, "head", fields) : anchor;
  return actors::move_cursor{actors::cursor{std::move(*path), anchor, head}};
}

actors::room_wish read_set_typing(const field_reader& fields) {
  return actors::set_typing{fields.flag("typing").value_or(true)};
}

actors::room_wish read_put_shape(const field_reader& fields) {
  actors::put_shape wish;
  if (const auto* drawn = fields.object("shape"))
    wish.what = read_shape(*drawn, fields.below("shape.", *drawn));
  else
    fields.complain("shape", "is required");
  return wish;
}

actors::room_wish read_remove_shapes(const field_reader& fields) {
  auto ids = fields.texts("shapes", actors::room_board_bounds::removed_at_once_max,
                          actors::board_bounds::id_bytes_max);
  if (!fields.has("shapes"))
    fields.complain("shapes", "is required");
  return actors::remove_shapes{std::move(ids).value_or(std::vector<std::string>{})};
}

actors::room_wish read_clear_board(const field_reader& fields) {
  return actors::clear_board{fields.flag("mine").value_or(false)};
}

actors::room_wish read_undo_board(const field_reader&) {
  return actors::undo_board{};
}

actors::room_wish read_share_result(const field_reader& fields) {
  actors::share_result wish;
  const auto success = fields.flag("success");
  if (!fields.has("success"))
    fields.complain("success", "is required");
  wish.result.success = success.value_or(false);
  wish.result.output = fields.text("output", bounds::result_bytes_max).value_or("");
  wish.result.error = fields.text("error", bounds::result_bytes_max);
  wish.result.time_ms =
    static_cast<std::int64_t>(fields.positive("time_ms", UINT32_MAX).value_or(0));
  return wish;
}

using wish_reader = actors::room_wish (*)(const field_reader&);

/// Null for what is no wish.
wish_reader wish_reader_of(std::string_view type) {
  static constexpr std::pair<std::string_view, wish_reader> readers[] = {
    {"open_terminal", read_open_terminal},
    {"write_terminal", read_write_terminal},
    {"resize_terminal", read_resize_terminal},
    {"close_terminal", read_close_terminal},
    {"post_chat", read_post_chat},
    {"edit_chat", read_edit_chat},
    {"remove_chat", read_remove_chat},
    {"update_participant", read_update_participant},
    {"put_shape", read_put_shape},
    {"remove_shapes", read_remove_shapes},
    {"clear_board", read_clear_board},
    {"undo_board", read_undo_board},
    {"share_result", read_share_result},
    {"set_typing", read_set_typing}};
  for (const auto& [name, reader] : readers)
    if (name == type)
      return reader;
  return nullptr;
}

result<client_request> read_request(const json::object& body) {
  complaints wrong;
  const field_reader fields{body, wrong};
  const auto type = fields.text("type", bounds::name_bytes_max);
  if (type == "ping")
    return client_request{ping_request{}};
  if (type == "start_run") {
    auto run = read_start_run(fields);
    if (!wrong.empty())
      return wrong_fields(wrong);
    return client_request{std::move(run)};
  }
  if (type == "cancel_run") {
    const auto job = read_run_id(fields);
    if (!wrong.empty())
      return wrong_fields(wrong);
    return client_request{actors::cancel_job{job}};
  }
  if (type == "write_run") {
    auto write = read_write_run(fields);
    if (!wrong.empty())
      return wrong_fields(wrong);
    return client_request{std::move(write)};
  }
  if (type == "move_cursor") {
    auto wish = read_move_cursor(body, fields);
    if (!wrong.empty())
      return wrong_fields(wrong);
    return client_request{std::move(wish)};
  }
  if (const auto reader = wish_reader_of(type.value_or(""))) {
    auto wish = reader(fields);
    if (!wrong.empty())
      return wrong_fields(wrong);
    return client_request{std::move(wish)};
  }
  if (!type)
    return failure{errc::invalid_argument, "type: is required and must be a short string"};
  return failure{errc::unsupported, "This server does not know the request type " + *type + "."};
}

} // namespace

client_frame read_client_frame(std::string_view text) {
  auto body = parse_json_object(text);
  if (!body)
    return {{}, std::move(body).why()};
  std::string reference;
  if (const auto* id = body->if_contains("id"); id != nullptr && !id->is_null()) {
    // JSON has no way to write an infinite number back.
    const bool is_number = id->is_number() && std::isfinite(id->to_number<double>());
    if (id->is_string() || is_number)
      reference = json::serialize(*id);
    if (reference.empty() || reference.size() > bounds::reference_bytes_max)
      return {{}, failure{errc::invalid_argument, "id: must be a number or a short string"}};
  }
  return {std::move(reference), read_request(*body)};
}

namespace {

json::array participants_json(const actors::joined& welcome) {
  json::array participants;
  for (const auto& who : welcome.participants)
    participants.push_back(present_json(who));
  return participants;
}

json::array terminals_json(const actors::joined& welcome) {
  json::array terminals;
  for (const auto& terminal : welcome.terminals)
    terminals.push_back(terminal_json(terminal));
  return terminals;
}

} // namespace

std::string resumed_frame(const actors::joined& welcome) {
  auto out = frame("resumed");
  out["self"] = participant_json(welcome.self);
  out["participants"] = participants_json(welcome);
  out["terminals"] = terminals_json(welcome);
  out["missed"] = welcome.missed ? welcome.missed->size() : 0;
  out["resume_token"] = welcome.resume_token;
  out["n"] = welcome.number;
  return json::serialize(out);
}

std::string welcome_frame(const actors::joined& welcome, const actors::participant& self,
                          const json::object& room) {
  auto out = frame("welcome");
  out["self"] = participant_json(self);
  out["participants"] = participants_json(welcome);
  json::array files;
  for (const auto& file : welcome.files)
    files.push_back(file_json(file));
  out["files"] = std::move(files);
  json::array chat;
  for (const auto& message : welcome.chat)
    chat.push_back(chat_json(message));
  out["chat"] = std::move(chat);
  out["room"] = room;
  json::array runs;
  for (const auto& run : welcome.runs)
    runs.push_back(without_streams(run_json(run)));
  out["runs"] = std::move(runs);
  out["terminals"] = terminals_json(welcome);
  json::array board;
  for (const auto& one : welcome.board)
    board.push_back(shape_json(one));
  out["board"] = std::move(board);
  if (!welcome.resume_token.empty())
    out["resume_token"] = welcome.resume_token;
  out["n"] = welcome.number;
  return json::serialize(out);
}

std::string pong_frame(const std::string& reference) {
  return json::serialize(frame("pong", reference));
}

std::string reply_frame(const std::string& reference, const actors::request_answer& answer) {
  auto out = frame("reply", reference);
  if (const auto* run = std::get_if<job_id>(&answer))
    out["run"] = run->str();
  else if (const auto* terminal = std::get_if<std::uint32_t>(&answer))
    out["terminal"] = *terminal;
  else if (const auto* message = std::get_if<storage::chat_message>(&answer))
    out["message"] = chat_json(*message);
  else if (const auto* drawn = std::get_if<std::string>(&answer))
    out["shape"] = *drawn;
  return json::serialize(out);
}

std::string error_frame(const std::string& reference, const failure& why) {
  auto out = frame("error", reference);
  out["error"] = to_utf8(why.detail);
  out["code"] = coterie::to_string(why.code);
  return json::serialize(out);
}

std::string event_writer::write_output(const actors::run_output& output, std::uint64_t number) {
  auto& begun = begun_[{output.job, output.from}];
  auto text = std::exchange(begun, {}) + output.bytes;
  const auto whole = text.size() - unfinished_utf8(text);
  begun = text.substr(whole);
  text.erase(whole);
  if (text.empty())
    return {};
  auto out = frame("run_output");
  out["run"] = output.job.str();
  out["stream"] = output.from == sandbox::stream::out ? "stdout" : "stderr";
  out["data"] = to_utf8(text);
  out["n"] = number;
  return json::serialize(out);
}

std::string event_writer::write_terminal(const actors::terminal_output& output) {
  const auto text = terminals_.take(output);
  if (!text)
    return {};
  auto out = frame("terminal_output");
  out["terminal"] = output.number;
  out["data"] = *text;
  if (output.is_replay)
    out["replay"] = true;
  return json::serialize(out);
}

std::string event_writer::write(const actors::room_event& news) {
  const auto& what = *news.what;
  if (const auto* output = std::get_if<actors::run_output>(&what))
    return write_output(*output, news.number);
  if (const auto* output = std::get_if<actors::terminal_output>(&what))
    return write_terminal(*output);
  json::object out;
  if (const auto* joined = std::get_if<actors::participant_joined>(&what)) {
    out = frame("participant_joined");
    out["participant"] = participant_json(joined->who);
  } else if (const auto* left = std::get_if<actors::participant_left>(&what)) {
    out = frame("participant_left");
    out["participant"] = left->who.str();
  } else if (const auto* updated = std::get_if<actors::participant_updated>(&what)) {
    out = frame("participant_updated");
    out["participant"] = participant_json(updated->who);
  } else if (const auto* typing = std::get_if<actors::typing_changed>(&what)) {
    out = frame("typing_changed");
    out["participant"] = typing->who.str();
    out["typing"] = typing->is_typing;
  } else if (const auto* cursors = std::get_if<actors::cursors_moved>(&what)) {
    out = frame("cursors_moved");
    json::array moved;
    for (const auto& [who, at] : cursors->moved)
      moved.push_back({{"participant", who.str()}, {"cursor", cursor_json(at)}});
    out["cursors"] = std::move(moved);
  } else if (const auto* posted = std::get_if<actors::chat_posted>(&what)) {
    out = frame("chat_posted");
    out["message"] = chat_json(posted->message);
  } else if (const auto* changed = std::get_if<actors::chat_changed>(&what)) {
    out = frame(changed->message.is_removed ? "chat_removed" : "chat_edited");
    out["message"] = chat_json(changed->message);
  } else if (const auto* created = std::get_if<actors::file_created>(&what)) {
    out = frame("file_created");
    out["path"] = created->path;
    out["kind"] = actors::to_string(created->kind);
  } else if (const auto* moved = std::get_if<actors::file_moved>(&what)) {
    out = frame("file_moved");
    out["from"] = moved->from;
    out["path"] = moved->path;
  } else if (const auto* removed = std::get_if<actors::file_removed>(&what)) {
    out = frame("file_removed");
    out["path"] = removed->path;
  } else if (const auto* room = std::get_if<actors::room_updated>(&what)) {
    out = frame("room_updated");
    out["room"] = room_settings_json(room->room);
  } else if (const auto* saved = std::get_if<actors::version_saved>(&what)) {
    out = frame("version_saved");
    out["version"] = version_json(saved->version);
  } else if (const auto* gone = std::get_if<actors::version_removed>(&what)) {
    out = frame("version_removed");
    out["version"] = gone->version.str();
  } else if (const auto* restored = std::get_if<actors::version_restored>(&what)) {
    out = frame("version_restored");
    out["version"] = version_json(restored->version);
    out["by"] = restored->by;
  } else if (const auto* started = std::get_if<actors::run_started>(&what)) {
    out = frame("run_started");
    out["run"] = started->job.str();
    out["language"] = started->language;
    out["path"] = started->path;
    if (!started->by.empty())
      out["by"] = started->by;
  } else if (const auto* finished = std::get_if<actors::run_finished>(&what)) {
    begun_.erase({finished->run.id, sandbox::stream::out});
    begun_.erase({finished->run.id, sandbox::stream::err});
    out = frame("run_finished");
    out["run"] = without_streams(run_json(finished->run));
  } else if (const auto* opened = std::get_if<actors::terminal_opened>(&what)) {
    terminals_.open(opened->number);
    out = terminal_json(*opened);
    out["type"] = "terminal_opened";
  } else if (const auto* resized = std::get_if<actors::terminal_resized>(&what)) {
    out = frame("terminal_resized");
    out["terminal"] = resized->number;
    out["rows"] = resized->size.rows;
    out["columns"] = resized->size.columns;
  } else if (const auto* ended = std::get_if<actors::terminal_closed>(&what)) {
    terminals_.close(ended->number);
    out = terminal_closed_json(*ended);
  } else if (const auto* closed = std::get_if<actors::room_closed_event>(&what)) {
    out = frame("room_closed");
    out["reason"] = closed->reason;
  } else if (const auto* shared = std::get_if<actors::result_shared>(&what)) {
    out = shared_result_json(shared->result);
    out["type"] = "result_shared";
    if (!shared->by.empty())
      out["by"] = shared->by;
  } else if (const auto* board = std::get_if<actors::board_changed>(&what)) {
    out = frame("board_changed");
    json::array put;
    for (const auto& one : board->put)
      put.push_back(shape_json(one));
    out["put"] = std::move(put);
    out["removed"] = json::array(board->removed.begin(), board->removed.end());
  } else {
    return {}; // source_changed, items_changed: whoever speaks this protocol reads the document
  }
  if (news.number > 0)
    out["n"] = news.number;
  return json::serialize(out);
}

} // namespace coterie::net
