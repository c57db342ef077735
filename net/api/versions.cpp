#include "net/api/versions.hpp"

#include "actors/room.hpp"
#include "net/api/query.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = actors::history_bounds;

/// Room and version of a request; answers 400 and gives nothing when they are malformed.
struct version_address {
  room_id room;
  version_id version;
};

std::optional<version_address> address_of(const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return std::nullopt;
  const auto version = version_id::parse(from.path_values.at(1));
  if (!version) {
    reply->fail({errc::invalid_argument, "The id of the version is not a UUID."});
    return std::nullopt;
  }
  return version_address{*room, *version};
}

void save_version(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  auto body = parse_json_object(from.body);
  if (!body)
    return refuse(reply, std::move(body).why());
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::save_version wish{fields.text("name", bounds::name_bytes_max).value_or("")};
  if (!fields.has("name"))
    fields.complain("name", "is required");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The version cannot be saved like this."}, wrong);
  ask_history<storage::version_record>(
    context, *room, from, std::move(wish), reply,
    [](const responder_ptr& to, const storage::version_record& version) {
      auto created = json_response(201, version_json(version));
      created.headers.emplace_back("Location", "/api/v1/rooms/" + version.room.str() + "/versions/"
                                                 + version.id.str());
      to->send(std::move(created));
    });
}

void list_versions(const api_context_ptr& context, const request& from,
                   const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  complaints wrong;
  const query_reader query{from, wrong};
  actors::list_versions wish;
  wish.after = query.id<version_id>("cursor", "must be the next_cursor of an earlier answer");
  wish.limit = query.number("limit", 1, bounds::versions_page_max).value_or(wish.limit);
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The list cannot be shown like this."}, wrong);
  ask_history<actors::version_listing>(
    context, *room, from, wish, reply,
    [limit = wish.limit](const responder_ptr& to, const actors::version_listing& found) {
      json::array versions;
      for (const auto& version : found.versions)
        versions.push_back(version_json(version));
      json::value next = nullptr;
      if (found.versions.size() == limit)
        next = json::string(found.versions.back().id.str());
      to->send(json_response(200, {{"versions", std::move(versions)}, {"next_cursor", next}}));
    });
}

void show_version(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto address = address_of(from, reply);
  if (!address)
    return;
  ask_history<actors::version_view>(
    context, address->room, from, actors::view_version{address->version}, reply,
    [](const responder_ptr& to, const actors::version_view& view) {
      auto shown = version_json(view.version);
      shown["main"] = view.main.empty() ? json::value(nullptr) : json::value(view.main);
      shown["language"] = view.language;
      json::array files;
      for (const auto& file : view.files)
        files.push_back(
          {{"path", file.path}, {"kind", to_string(file.kind)}, {"size", file.bytes}});
      shown["files"] = std::move(files);
      to->send(json_response(200, shown));
    });
}

void read_file(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto address = address_of(from, reply);
  if (!address)
    return;
  ask_history<actors::file_read>(
    context, address->room, from,
    actors::read_version_file{address->version, from.path_values.at(2)}, reply,
    [](const responder_ptr& to, actors::file_read file) {
      response answer;
      answer.content_type = file.is_text ? "text/plain; charset=utf-8" : "application/octet-stream";
      answer.body = std::move(file.content);
      to->send(std::move(answer));
    });
}

void compare(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto address = address_of(from, reply);
  if (!address)
    return;
  actors::compare_version wish{address->version, std::nullopt};
  complaints wrong;
  if (from.query_value("against").value_or("now") != "now")
    wish.against =
      query_reader{from, wrong}.id<version_id>("against", "must be the id of a version, or now");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The versions cannot be compared like this."},
                       wrong);
  ask_history<actors::version_comparison>(
    context, address->room, from, wish, reply,
    [wish](const responder_ptr& to, const actors::version_comparison& found) {
      auto shown = comparison_json(found);
      shown["version"] = wish.version.str();
      shown["against"] = wish.against ? wish.against->str() : "now";
      to->send(json_response(200, shown));
    });
}

void restore(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto address = address_of(from, reply);
  if (!address)
    return;
  ask_history<actors::restore_report>(
    context, address->room, from, actors::restore_version{address->version}, reply,
    [](const responder_ptr& to, const actors::restore_report& report) {
      to->send(json_response(200, {{"version", version_json(report.version)},
                                   {"written", report.written},
                                   {"moved", report.moved},
                                   {"removed", report.removed}}));
    });
}

void remove(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto address = address_of(from, reply);
  if (!address)
    return;
  ask_history<std::monostate>(
    context, address->room, from, actors::remove_version{address->version}, reply,
    [](const responder_ptr& to, std::monostate) { to->send(empty_response(204)); });
}

std::string_view to_string(actors::file_fate fate) {
  switch (fate) {
  case actors::file_fate::added:
    return "added";
  case actors::file_fate::removed:
    return "removed";
  case actors::file_fate::moved:
    return "moved";
  case actors::file_fate::changed:
    break;
  }
  return "changed";
}

} // namespace

json::object version_json(const storage::version_record& version) {
  return {{"id", version.id.str()},
          {"name", version.name},
          {"author", version.author},
          {"at", format_rfc3339(version.at)},
          {"sequence", version.sequence}};
}

json::object comparison_json(const actors::version_comparison& found) {
  json::array files;
  for (const auto& change : found.files) {
    json::object told{{"path", change.path},
                      {"status", to_string(change.fate)},
                      {"kind", to_string(change.kind)},
                      {"added", change.added},
                      {"removed", change.removed}};
    if (!change.from.empty())
      told["from"] = change.from;
    if (!change.diff.empty())
      told["diff"] = change.diff;
    if (change.is_truncated)
      told["truncated"] = true;
    files.push_back(std::move(told));
  }
  return {{"files", std::move(files)}, {"truncated", found.is_truncated}};
}

void add_versions_api(router& routes, api_context_ptr context) {
  const auto with = [context](auto serve) {
    return [context, serve](const request& from, const responder_ptr& reply) {
      serve(context, from, reply);
    };
  };
  routes.add(method::post, "/api/v1/rooms/{id}/versions", with(save_version));
  routes.add(method::get, "/api/v1/rooms/{id}/versions", with(list_versions));
  routes.add(method::get, "/api/v1/rooms/{id}/versions/{version}", with(show_version));
  routes.add(method::del, "/api/v1/rooms/{id}/versions/{version}", with(remove));
  routes.add(method::get, "/api/v1/rooms/{id}/versions/{version}/files/{path...}", with(read_file));
  routes.add(method::get, "/api/v1/rooms/{id}/versions/{version}/diff", with(compare));
  routes.add(method::post, "/api/v1/rooms/{id}/versions/{version}/restore", with(restore));
}

} // namespace coterie::net
