#include "net/dialects/code_sprint_tree.hpp"

#include "actors/item_tree.hpp"
#include "base/text.hpp"
#include "net/dialects/code_sprint.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <map>

namespace coterie::net {

namespace json = boost::json;

namespace {

using change_list = std::vector<actors::item_change>;
using children_table = std::map<std::string_view, std::vector<const actors::item_change*>>;

children_table children_of(const change_list& all) {
  children_table children;
  for (const auto& change : all)
    if (change.what == actors::item_change::kind::created)
      children[change.which.parent].push_back(&change);
  return children;
}

std::string text_of(const actors::item_change& change) {
  return change.text ? to_utf8(*change.text) : std::string{};
}

json::object file_item(const actors::item_change& change) {
  return {{"id", change.which.id},
          {"name", change.which.name},
          {"type", "file"},
          {"content", text_of(change)}};
}

json::object directory_item(const actors::item& top, const children_table& children) {
  json::array inside;
  if (const auto known = children.find(top.id); known != children.end())
    for (const auto* child : known->second)
      inside.push_back(child->which.is_directory ? directory_item(child->which, children)
                                                 : file_item(*child));
  return {{"id", top.id},
          {"name", top.name},
          {"type", "directory"},
          {"children", std::move(inside)},
          {"isOpen", false}};
}

/// Characters, as browsers count them in a name; a client counts UTF-16 units, which are no fewer.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
    text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// "3:05 PM", for what other protocols wrote: the server's zone is nobody's, so UTC.
std::string clock_time(timestamp at) {
  const auto minutes =
    std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count() % (24 * 60);
  const auto hour = minutes / 60;
  const auto minute = std::to_string(minutes % 60);
  return std::to_string(hour % 12 == 0 ? 12 : hour % 12) + ':' + (minute.size() < 2 ? "0" : "")
         + minute + (hour < 12 ? " AM" : " PM");
}

std::string short_text(const json::object& from, std::string_view name, std::size_t bytes_max) {
  const auto* value = from.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  if (!text || text->size() > bytes_max)
    return {};
  return {text->data(), text->size()};
}

} // namespace

bool is_code_sprint_name(std::string_view name, bool is_directory) {
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f
           || std::string_view("<>:\"/\\|?*").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.front() == '.' || !is_utf8(name)
      || characters(name) > code_sprint_tree_bounds::name_characters_max
      || std::ranges::any_of(name, is_bad))
    return false;
  return is_directory || name.find('.') != name.npos;
}

json::object code_sprint_item(const actors::item& top, const change_list& all) {
  return directory_item(top, children_of(all));
}

json::object code_sprint_root(const change_list& all) {
  return code_sprint_item({std::string(actors::root_item), {}, "workspace", true}, all);
}

std::vector<code_sprint_news> code_sprint_words(const actors::items_changed& what) {
  using kind = actors::item_change::kind;
  std::vector<code_sprint_news> told;
  for (const auto& change : what.changes) {
    const auto& item = change.which;
    const std::string type = item.is_directory ? "directory" : "file";
    const auto* id_name = item.is_directory ? "dirId" : "fileId";
    const auto add = [&](std::string_view event, json::object payload) {
      told.push_back({type + '-' + std::string(event), std::move(payload), change.is_known});
    };
    switch (change.what) {
    case kind::created:
      if (what.changes.front().what == kind::listed)
        break; // a part of what is listed
      add("created", {{"parentDirId", item.parent},
                      {item.is_directory ? "newDirectory" : "newFile",
                       item.is_directory ? directory_item(item, {}) : file_item(change)}});
      break;
    case kind::renamed:
      add("renamed", {{id_name, item.id}, {"newName", item.name}});
      break;
    case kind::removed:
      add("deleted", {{id_name, item.id}});
      break;
    case kind::written:
      add("updated", {{id_name, item.id},
                      {"newContent", text_of(change)},
                      {"from", what.from_program ? "terminal" : "editor"}});
      break;
    case kind::listed:
      add("updated",
          {{id_name, item.id}, {"children", code_sprint_item(item, what.changes).at("children")}});
      break;
    }
  }
  return told;
}

std::string code_sprint_message_extras(const json::object& message) {
  return json::serialize(json::object{
    {"id", short_text(message, "id", code_sprint_bounds::message_id_bytes_max)},
    {"timestamp", short_text(message, "timestamp", code_sprint_bounds::message_time_bytes_max)}});
}

json::object code_sprint_message(const storage::chat_message& message) {
  json::object told{{"id", "message-" + std::to_string(message.number)},
                    {"message", to_utf8(message.text)},
                    {"username", to_utf8(message.name)},
                    {"timestamp", clock_time(message.at)}};
  if (const auto extras = parse_json_object(message.extras))
    for (const auto* name : {"id", "timestamp"})
      if (auto text = short_text(*extras, name, message.extras.size()); !text.empty())
        told[name] = std::move(text);
  return told;
}

result<actors::change_drawing> read_code_sprint_drawing(const json::value& diff) {
  const failure malformed{errc::invalid_argument, "the drawing's change is malformed"};
  const auto* parts = diff.if_object();
  if (!parts)
    return malformed;
  actors::change_drawing wanted;
  const auto part = [&](std::string_view name) -> const json::object* {
    const auto* value = parts->if_contains(name);
    return value ? value->if_object() : nullptr;
  };
  if (const auto* added = part("added"))
    for (const auto& [id, record] : *added)
      wanted.put.emplace_back(id, json::serialize(record));
  if (const auto* updated = part("updated"))
    for (const auto& [id, pair] : *updated) {
      const auto* both = pair.if_array();
      if (!both || both->size() != 2)
        return malformed;
      wanted.put.emplace_back(id, json::serialize(both->at(1)));
    }
  if (const auto* removed = part("removed"))
    for (const auto& [id, record] : *removed)
      wanted.removed.emplace_back(id);
  return wanted;
}

} // namespace coterie::net
