// XML types as text, in the form that Y.Xml*.toString has: nothing is escaped, attributes and
// formats are in the order of their names. Meant for comparing and for search, not for browsers.

#include "crdt/shared_type.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

constexpr std::size_t xml_depth_max = 1000;

/// As JavaScript's String(value).
std::string as_text(const any& value) {
  if (const auto* text = std::get_if<std::string>(&value.content))
    return *text;
  if (std::holds_alternative<any::undefined>(value.content))
    return "undefined";
  if (std::holds_alternative<any::object>(value.content))
    return "[object Object]";
  return to_json(value);
}

void write_node(std::string& to, const shared_type& node, std::size_t depth);

void write_children(std::string& to, const shared_type& of, std::size_t depth) {
  for (const auto& child : of.elements())
    if (const auto* type = std::get_if<shared_type>(&child))
      write_node(to, *type, depth + 1);
    else if (const auto* value = std::get_if<any>(&child))
      to += as_text(*value);
}

void write_text(std::string& to, const shared_type& text, std::size_t depth) {
  for (auto& run : text.to_delta()) {
    auto& formats = run.attributes;
    std::sort(formats.begin(), formats.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [name, value] : formats) {
      to += '<' + name;
      if (const auto* attributes = std::get_if<any::object>(&value.content)) {
        auto sorted = *attributes;
        std::sort(sorted.begin(), sorted.end(),
                  [](const auto& a, const auto& b) { return a.first < b.first; });
        for (const auto& [key, setting] : sorted)
          to += ' ' + key + "=\"" + as_text(setting) + '"';
      }
      to += '>';
    }
    if (const auto* plain = std::get_if<std::string>(&run.insert))
      to += *plain;
    else if (const auto* value = std::get_if<any>(&run.insert))
      to += as_text(*value);
    else
      write_node(to, std::get<shared_type>(run.insert), depth + 1);
    for (auto format = formats.rbegin(); format != formats.rend(); ++format)
      to += "</" + format->first + '>';
  }
}

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

void write_element(std::string& to, const shared_type& element, std::size_t depth) {
  const auto name = lower_case(element.name());
  to += '<' + name;
  auto keys = element.keys();
  std::sort(keys.begin(), keys.end());
  for (const auto& key : keys)
    if (const auto value = element.get(key))
      if (const auto* plain = std::get_if<any>(&*value))
        to += ' ' + key + "=\"" + as_text(*plain) + '"';
  to += '>';
  write_children(to, element, depth);
  to += "</" + name + '>';
}

void write_node(std::string& to, const shared_type& node, std::size_t depth) {
  if (depth > xml_depth_max)
    return;
  switch (node.kind()) {
  case type_kind::xml_element:
    return write_element(to, node, depth);
  case type_kind::xml_text:
    return write_text(to, node, depth);
  case type_kind::text:
    to += node.to_string();
    return;
  case type_kind::array:
  case type_kind::map:
  case type_kind::xml_hook:
    to += node.to_json();
    return;
  case type_kind::xml_fragment:
  case type_kind::root:
    return write_children(to, node, depth);
  }
}

} // namespace

std::string shared_type::to_xml() const {
  std::string xml;
  write_node(xml, *this, 0);
  return xml;
}

} // namespace coterie::crdt
