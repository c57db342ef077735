#include "net/api/archive.hpp"

#include "actors/room.hpp"
#include "net/archive.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>
#include <caf/all.hpp>

#include <atomic>
#include <memory>

namespace coterie::net {

namespace json = boost::json;

namespace {

/// Archives that are made or read at the same time, each on a thread of its own.
constexpr int archives_max = 4;
/// A tar archive of a full room, whose files compress badly.
constexpr std::size_t upload_bytes_max = actors::room_bounds::room_bytes_max + (2U << 20);

/// Counts what is under way.
class archive_desk {
public:
  /// Runs `work` on a thread of its own; answers 503 when too many are at it.
  template <class Work>
  void run(caf::actor_system& system, const responder_ptr& reply, Work work) {
    if (under_way_->fetch_add(1) >= archives_max) {
      --*under_way_;
      return refuse(reply, {errc::queue_full, "too many archives at the same time; try again"});
    }
    system.spawn<caf::detached>(
      [under_way = under_way_, work = std::move(work)](caf::event_based_actor* self) mutable {
        const std::unique_ptr<std::atomic<int>, decltype([](auto* count) { --*count; })> place{
          under_way.get()}; // given back also when the work fails
        work();
        self->quit();
      });
  }

private:
  std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

std::optional<archive_format> format_of(const request& from) {
  const auto wanted = from.query_value("format").value_or("zip");
  if (wanted == "zip")
    return archive_format::zip;
  if (wanted == "tar.gz" || wanted == "tgz")
    return archive_format::tar_gz;
  return std::nullopt;
}

/// What a header can carry of a title.
std::string file_name_of(const std::string& title, archive_format format) {
  std::string name;
  for (const char c : title)
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
        || c == '_' || c == ' ')
      name += c == ' ' ? '-' : c;
  if (name.empty())
    name = "room";
  return name + (format == archive_format::zip ? ".zip" : ".tar.gz");
}

void send_archive(const responder_ptr& reply, const actors::file_export& room,
                  archive_format format) {
  auto packed = pack_archive(*room.files, format);
  if (!packed)
    return refuse(reply, packed.why());
  response answer;
  answer.content_type = format == archive_format::zip ? "application/zip" : "application/gzip";
  answer.headers.emplace_back("Content-Disposition",
                              "attachment; filename=\"" + file_name_of(room.title, format) + '"');
  answer.body = std::move(*packed);
  reply->send(std::move(answer));
}

void download(const api_context_ptr& context, const std::shared_ptr<archive_desk>& desk,
              const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  const auto format = format_of(from);
  if (!format)
    return reply->fail({errc::invalid_argument, "format: must be zip or tar.gz"});
  ask_room_or_refuse<actors::file_export>(
    context, *room, actors::export_files{caller_of(from)}, reply,
    [context, desk, format = *format](const responder_ptr& to, const actors::file_export& all) {
      desk->run(context->system, to, [to, all, format] { send_archive(to, all, format); });
    });
}

json::object refusal_json(const std::string& path, const std::string& why) {
  return {{"path", path}, {"reason", why}};
}

void put_into_room(const api_context_ptr& context, room_id room, actors::import_files message,
                   std::vector<unpacked_archive::skipped_entry> skipped,
                   const responder_ptr& reply) {
  ask_room_or_refuse<actors::files_imported>(
    context, room, std::move(message), reply,
    [skipped = std::move(skipped)](const responder_ptr& to, const actors::files_imported& done) {
      json::array refused;
      for (const auto& [path, why] : skipped)
        refused.push_back(refusal_json(path, why));
      for (const auto& [path, why] : done.refusals)
        refused.push_back(refusal_json(path, why));
      to->send(json_response(200, {{"written", done.written},
                                   {"unchanged", done.unchanged},
                                   {"removed", done.removed},
                                   {"refused", std::move(refused)}}));
    });
}

void unpack_into_room(const api_context_ptr& context, const std::shared_ptr<archive_desk>& desk,
                      room_id room, actors::import_files message,
                      std::shared_ptr<const std::string> body, const responder_ptr& reply) {
  desk->run(context->system, reply,
            [context, room, message = std::move(message), body = std::move(body), reply]() mutable {
              auto unpacked =
                unpack_archive(*body, {.files_max = actors::room_bounds::files_max,
                                       .file_bytes_max = actors::room_bounds::file_bytes_max,
                                       .bytes_max = actors::room_bounds::room_bytes_max});
              if (!unpacked)
                return refuse(reply, unpacked.why());
              message.files =
                std::make_shared<const std::vector<actors::named_file>>(std::move(unpacked->files));
              message.directories = std::move(unpacked->directories);
              put_into_room(context, room, std::move(message), std::move(unpacked->skipped), reply);
            });
}

void upload(const api_context_ptr& context, const std::shared_ptr<archive_desk>& desk, request from,
            const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  const auto mode = from.query_value("mode").value_or("merge");
  if (mode != "merge" && mode != "replace")
    return reply->fail({errc::invalid_argument, "mode: must be merge or replace"});
  actors::import_files message;
  message.who = caller_of(from);
  message.replaces = mode == "replace";
  // Unpacking is work: it is done for those only whose files the room will take.
  actors::describe_room first{message.who};
  ask_room_or_refuse<actors::room_description>(
    context, *room, std::move(first), reply,
    [context, desk, room = *room, message = std::move(message),
     body = std::make_shared<const std::string>(std::move(from.body))](
      const responder_ptr& to, const actors::room_description& described) {
      if (described.grants < storage::role::editor)
        return refuse(to, {errc::forbidden, "this needs the role editor in the room"});
      unpack_into_room(context, desk, room, message, body, to);
    });
}

} // namespace

void add_archive_api(router& routes, api_context_ptr context) {
  const auto desk = std::make_shared<archive_desk>();
  routes.add(method::get, "/api/v1/rooms/{id}/archive",
             [context, desk](const request& from, const responder_ptr& reply) {
               download(context, desk, from, reply);
             });
  routes.add(
    method::post, "/api/v1/rooms/{id}/archive",
    [context, desk](request from, const responder_ptr& reply) {
      upload(context, desk, std::move(from), reply);
    },
    {.body_bytes_max = upload_bytes_max,
     .media_types = {"application/zip", "application/x-zip-compressed", "application/gzip",
                     "application/x-gzip", "application/x-tar", "application/octet-stream"}});
}

} // namespace coterie::net
