#include "net/api/files.hpp"

#include "actors/room.hpp"
#include "base/text.hpp"
#include "net/json.hpp"
#include "net/target.hpp"

#include <boost/json/array.hpp>

#include <charconv>

namespace coterie::net {

namespace json = boost::json;

namespace {

/// Room, path and caller of a request; answers 400 and gives nothing when they are malformed.
struct file_address {
  room_id room;
  std::string path;
  actors::caller who;
};

std::optional<file_address> address_of(const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return std::nullopt;
  const auto& path = from.path_values.at(1);
  if (const auto complaint = actors::complain_about_path(path)) {
    reply->fail({errc::invalid_argument, "There can be no file of this name."},
                {"path: " + *complaint});
    return std::nullopt;
  }
  return file_address{*room, path, caller_of(from)};
}

/// The precondition of a write; answers 400 and gives false for what is not one version of ours.
bool read_if_match(const request& from, std::optional<std::uint64_t>& version,
                   const responder_ptr& reply) {
  if (!from.header("if-none-match").empty()) {
    reply->fail({errc::invalid_argument, "If-None-Match is not supported when writing."});
    return false;
  }
  const auto header = from.header("if-match");
  if (header.empty())
    return true;
  version = parse_version(header);
  if (version)
    return true;
  reply->fail({errc::invalid_argument, "If-Match must be one version in quotes."});
  return false;
}

void list_files(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  ask_room_or_refuse<actors::file_listing>(
    context, *room, actors::list_files{caller_of(from)}, reply,
    [](const responder_ptr& to, const actors::file_listing& listing) {
      json::array files;
      for (const auto& file : listing.files)
        files.push_back(file_json(file));
      to->send(json_response(200, {{"files", std::move(files)}}));
    });
}

void read_file(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  auto address = address_of(from, reply);
  if (!address)
    return;
  ask_room_or_refuse<actors::file_read>(
    context, address->room, actors::read_file{std::move(address->who), std::move(address->path)},
    reply,
    [known = std::string(from.header("if-none-match"))](const responder_ptr& to,
                                                        actors::file_read file) {
      response answer;
      answer.headers.emplace_back("ETag", etag_of(file.version));
      answer.content_type = file.is_text ? "text/plain; charset=utf-8" : "application/octet-stream";
      if (is_none_match_hit(known, file.version))
        answer.status = 304;
      else
        answer.body = std::move(file.content);
      to->send(std::move(answer));
    });
}

/// Whether a PUT carries text: by its media type, of which the router lets only ours through.
bool is_text_body(const request& from) {
  constexpr std::string_view binary = "application/octet-stream";
  return !equals_ignoring_case(from.header("content-type").substr(0, binary.size()), binary);
}

void write_file(const api_context_ptr& context, request from, const responder_ptr& reply) {
  auto address = address_of(from, reply);
  actors::write_file message;
  if (!address || !read_if_match(from, message.if_match, reply))
    return;
  message.who = std::move(address->who);
  message.path = std::move(address->path);
  message.is_text = is_text_body(from);
  message.content = std::move(from.body);
  if (message.is_text && !is_utf8(message.content))
    return reply->fail({errc::invalid_argument, "The text is not valid UTF-8; send binary content "
                                                "as application/octet-stream."});
  ask_room_or_refuse<actors::file_written>(
    context, address->room, std::move(message), reply,
    [](const responder_ptr& to, const actors::file_written& file) {
      auto answer =
        json_response(file.created ? 201 : 200,
                      {{"path", file.path}, {"size", file.bytes}, {"version", file.version}});
      answer.headers.emplace_back("ETag", etag_of(file.version));
      to->send(std::move(answer));
    });
}

void remove_file(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  auto address = address_of(from, reply);
  actors::remove_file message;
  if (!address || !read_if_match(from, message.if_match, reply))
    return;
  message.who = std::move(address->who);
  message.path = std::move(address->path);
  ask_room_or_refuse<void>(context, address->room, std::move(message), reply,
                           [](const responder_ptr& to) { to->send(empty_response(204)); });
}

} // namespace

boost::json::object file_json(const actors::listed_file& file) {
  json::object told{{"path", file.path}, {"kind", to_string(file.kind)}, {"size", file.bytes}};
  if (file.is_volatile) {
    told["volatile"] = true;
  } else {
    told["version"] = file.version;
    told["modified_at"] = format_rfc3339(file.modified_at);
  }
  return told;
}

std::string etag_of(std::uint64_t version) {
  return "\"" + std::to_string(version) + "\"";
}

std::optional<std::uint64_t> parse_version(std::string_view if_match) {
  if (if_match.size() >= 2 && if_match.front() == '"' && if_match.back() == '"')
    if_match = if_match.substr(1, if_match.size() - 2);
  std::uint64_t version = 0;
  const auto* end = if_match.data() + if_match.size();
  const auto [stop, problem] = std::from_chars(if_match.data(), end, version);
  if (problem != std::errc{} || stop != end)
    return std::nullopt;
  return version;
}

bool is_none_match_hit(std::string_view if_none_match, std::uint64_t version) {
  const auto wanted = etag_of(version);
  while (!if_none_match.empty()) {
    auto tag = if_none_match.substr(0, if_none_match.find(','));
    if_none_match.remove_prefix(std::min(tag.size() + 1, if_none_match.size()));
    while (!tag.empty() && tag.front() == ' ')
      tag.remove_prefix(1);
    while (!tag.empty() && tag.back() == ' ')
      tag.remove_suffix(1);
    if (tag == "*" || tag == wanted || tag == "W/" + wanted)
      return true;
  }
  return false;
}

void add_files_api(router& routes, api_context_ptr context) {
  const auto with = [context](auto serve) {
    return [context, serve](request from, const responder_ptr& reply) {
      serve(context, std::move(from), reply);
    };
  };
  routes.add(method::get, "/api/v1/rooms/{id}/files", with(list_files));
  routes.add(method::get, "/api/v1/rooms/{id}/files/{path...}", with(read_file));
  routes.add(method::put, "/api/v1/rooms/{id}/files/{path...}", with(write_file),
             {.body_bytes_max = actors::room_bounds::file_bytes_max,
              .media_types = {"text/plain", "application/octet-stream"}});
  routes.add(method::del, "/api/v1/rooms/{id}/files/{path...}", with(remove_file));
}

} // namespace coterie::net
