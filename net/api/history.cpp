#include "net/api/history.hpp"

#include "actors/room.hpp"
#include "base/text.hpp"
#include "net/api/query.hpp"
#include "net/api/versions.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <map>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = actors::history_bounds;

// An entry without its update.
constexpr std::size_t entry_bytes = 48;

std::size_t expected_size(const actors::history_page& page) {
  std::size_t bytes = page.base ? page.base->state.size() : 0;
  for (const auto& entry : page.entries)
    bytes += entry.update.size();
  return bytes / 3 * 4 + page.entries.size() * entry_bytes + (4U << 10);
}

std::string base_json(const actors::history_page& page) {
  if (!page.base)
    return "null";
  return R"({"sequence":)" + std::to_string(page.base->sequence) + R"(,"at":")"
         + format_rfc3339(page.base->at) + R"(","state":")" + encode_base64(page.base->state)
         + R"("})";
}

json::array versions_json(const std::vector<storage::version_record>& versions) {
  json::array told;
  for (const auto& version : versions)
    told.push_back(version_json(version));
  return told;
}

void read(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  complaints wrong;
  const query_reader query{from, wrong};
  actors::read_history wish;
  wish.from = query.time("from");
  wish.to = query.time("to");
  wish.after = query.number("after", 0, INT64_MAX - 1);
  wish.limit = query.number("limit", 1, bounds::entries_page_max).value_or(wish.limit);
  if (wish.from && wish.after)
    query.complain("from", "cannot be said along with after");
  if (wish.from && wish.to && *wish.to < *wish.from)
    query.complain("to", "must not be before from");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The history cannot be read like this."}, wrong);
  ask_history<actors::history_page>(context, *room, from, wish, reply,
                                    [](const responder_ptr& to, const actors::history_page& page) {
                                      response answer;
                                      answer.body = history_body(page);
                                      to->send(std::move(answer));
                                    });
}

void summarize(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  if (const auto room = id_from_path<room_id>(from, reply))
    ask_history<actors::history_summary>(
      context, *room, from, actors::describe_history{}, reply,
      [](const responder_ptr& to, const actors::history_summary& summary) {
        to->send(json_response(200, summary_json(summary)));
      });
}

json::object moment_json(std::uint64_t sequence, timestamp at) {
  return {{"sequence", sequence}, {"at", format_rfc3339(at)}};
}

} // namespace

std::string history_body(const actors::history_page& page) {
  std::string out;
  out.reserve(expected_size(page));
  out += R"({"base":)" + base_json(page);
  const bool is_empty = page.entries.empty();
  out +=
    R"(,"from_sequence":)" + (is_empty ? "null" : std::to_string(page.entries.front().sequence));
  out +=
    R"(,"started_at":)" + (is_empty ? "null" : '"' + format_rfc3339(page.entries.front().at) + '"');
  out += R"(,"entries":[)";
  std::map<std::string_view, std::size_t> numbers;
  json::array authors;
  for (const auto& entry : page.entries) {
    const auto [known, is_new] = numbers.try_emplace(entry.author, numbers.size());
    if (is_new)
      authors.push_back(json::string(to_utf8(entry.author)));
    if (out.back() != '[')
      out += ',';
    out += R"({"n":)" + std::to_string(entry.sequence) + R"(,"t":)"
           + std::to_string((entry.at - page.entries.front().at).count()) + R"(,"by":)"
           + std::to_string(known->second) + R"(,"u":")" + encode_base64(entry.update) + R"("})";
  }
  out += R"(],"authors":)" + json::serialize(authors);
  out += R"(,"versions":)" + json::serialize(versions_json(page.versions));
  out += R"(,"next":)" + (page.next ? std::to_string(*page.next) : "null") + '}';
  return out;
}

json::object summary_json(const actors::history_summary& summary) {
  json::object told{{"base_sequence", summary.base_sequence},
                    {"first", nullptr},
                    {"last", nullptr},
                    {"entries", 0}};
  json::array parts;
  for (const auto& part : summary.parts)
    parts.push_back({{"from_sequence", part.first_sequence},
                     {"to_sequence", part.last_sequence},
                     {"from", format_rfc3339(part.first_at)},
                     {"to", format_rfc3339(part.last_at)}});
  if (!summary.parts.empty()) {
    const auto& first = summary.parts.front();
    const auto& last = summary.parts.back();
    told["first"] = moment_json(first.first_sequence, first.first_at);
    told["last"] = moment_json(last.last_sequence, last.last_at);
    told["entries"] = last.last_sequence - first.first_sequence + 1;
  }
  json::array authors;
  for (const auto& author : summary.authors)
    authors.push_back(json::string(to_utf8(author)));
  told["parts"] = std::move(parts);
  told["authors"] = std::move(authors);
  told["versions"] = versions_json(summary.versions);
  return told;
}

void add_history_api(router& routes, api_context_ptr context) {
  const auto with = [context](auto serve) {
    return [context, serve](const request& from, const responder_ptr& reply) {
      serve(context, from, reply);
    };
  };
  routes.add(method::get, "/api/v1/rooms/{id}/history", with(read));
  routes.add(method::get, "/api/v1/rooms/{id}/history/summary", with(summarize));
}

} // namespace coterie::net
