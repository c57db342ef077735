#include "tests/crdt/view.hpp"

#include "base/text.hpp"
#include "crdt/inspect.hpp"

#include <boost/json.hpp>

#include <cmath>

namespace coterie::crdt::testing {

namespace json = boost::json;

namespace {

json::value tagged(std::string_view tag, json::value content) {
  json::object out;
  out[tag] = std::move(content);
  return out;
}

json::value plain_number(double number) {
  if (std::isnan(number))
    return tagged("$num", "NaN");
  if (std::isinf(number))
    return tagged("$num", number > 0 ? "Infinity" : "-Infinity");
  if (number == 0 && std::signbit(number))
    return tagged("$num", "-0");
  return number;
}

struct plain_visitor {
  json::value operator()(any::undefined) const {
    return tagged("$undef", 1.0);
  }
  json::value operator()(any::null) const {
    return nullptr;
  }
  json::value operator()(bool value) const {
    return value;
  }
  json::value operator()(double value) const {
    return plain_number(value);
  }
  json::value operator()(any::bigint value) const {
    return tagged("$big", json::string(std::to_string(value.value)));
  }
  json::value operator()(const std::string& value) const {
    return json::string(value);
  }
  json::value operator()(const any::bytes& value) const {
    return tagged("$bin", json::string(encode_base64(value.value)));
  }
  json::value operator()(const any::array& values) const {
    json::array out;
    for (const auto& value : values)
      out.push_back(plain(value));
    return out;
  }
  json::value operator()(const any::object& members) const {
    json::object out;
    for (const auto& [key, value] : members)
      out[key] = plain(value);
    return out;
  }
};

json::value plain_map(const shared_type& map) {
  json::object out;
  for (const auto& key : map.keys())
    if (const auto value = map.get(key))
      out[key] = plain(*value);
  return out;
}

json::value plain_list(const shared_type& list) {
  json::array out;
  for (const auto& element : list.elements())
    out.push_back(plain(element));
  return out;
}

json::value plain_insert(const std::string& text) {
  return json::string(text);
}
template <class T>
json::value plain_insert(const T& value) {
  return plain(value);
}

json::array quadruples(const std::vector<unit_run>& runs) {
  json::array out;
  for (const auto& run : runs) {
    out.push_back(static_cast<double>(run.client));
    out.push_back(static_cast<double>(run.clock));
    out.push_back(static_cast<double>(run.length));
    out.push_back(run.is_deleted ? 1.0 : 0.0);
  }
  return out;
}

} // namespace

json::value plain(const any& value) {
  return std::visit(plain_visitor{}, value.content);
}

json::value plain(const shared_type& type) {
  switch (type.kind()) {
  case type_kind::array:
    return plain_list(type);
  case type_kind::map:
  case type_kind::xml_hook:
    return plain_map(type);
  case type_kind::text:
    return json::string(type.to_string());
  case type_kind::xml_element:
  case type_kind::xml_fragment:
  case type_kind::xml_text:
  case type_kind::root:
    return json::string(type.to_xml());
  }
  return nullptr;
}

json::value plain(const shared_value& value) {
  if (const auto* content = std::get_if<any>(&value))
    return plain(*content);
  if (const auto* type = std::get_if<shared_type>(&value))
    return plain(*type);
  return tagged("$doc", json::string(std::get<subdocument>(value).guid));
}

json::value plain_delta(const shared_type& text) {
  json::array out;
  for (const auto& run : text.to_delta()) {
    json::object step;
    step["insert"] =
      std::visit([](const auto& content) { return plain_insert(content); }, run.insert);
    if (!run.attributes.empty())
      step["attributes"] = plain(any(run.attributes));
    out.push_back(std::move(step));
  }
  return out;
}

json::value view_root(doc& document, std::string_view name, std::string_view kind) {
  const shared_type root = document.root(name);
  if (kind == "text")
    return json::string(root.to_string());
  if (kind == "rich")
    return plain_delta(root);
  if (kind == "map")
    return plain_map(root);
  if (kind == "array")
    return plain_list(root);
  return json::string(root.to_xml());
}

json::object view(doc& document, const json::object& roots) {
  json::object out;
  for (const auto& [name, kind] : roots)
    out[name] = view_root(document, name, kind.as_string());
  return out;
}

json::object order(doc& document, const json::object& roots) {
  std::vector<std::string> names;
  for (const auto& [name, kind] : roots)
    names.emplace_back(name);
  json::object out;
  for (const auto& [key, type] : inspect_order(document, names)) {
    json::object node;
    if (!type.list.empty())
      node["list"] = quadruples(type.list);
    json::object chains;
    for (const auto& [name, runs] : type.keys)
      chains[name] = quadruples(runs);
    if (!chains.empty())
      node["map"] = std::move(chains);
    out[key] = std::move(node);
  }
  return out;
}

json::value with_doubles(const json::value& value) {
  if (value.is_number())
    return value.to_number<double>();
  if (value.is_array()) {
    json::array out;
    for (const auto& element : value.get_array())
      out.push_back(with_doubles(element));
    return out;
  }
  if (value.is_object()) {
    json::object out;
    for (const auto& [key, member] : value.get_object())
      out[key] = with_doubles(member);
    return out;
  }
  return value;
}

} // namespace coterie::crdt::testing
