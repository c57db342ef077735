#include "tests/crdt/fixtures.hpp"

#include "base/text.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>

namespace coterie::crdt::fixtures {

namespace json = boost::json;

namespace {

double number_named(std::string_view name) {
  if (name == "NaN")
    return std::numeric_limits<double>::quiet_NaN();
  if (name == "-0")
    return -0.0;
  const double infinity = std::numeric_limits<double>::infinity();
  if (name == "Infinity")
    return infinity;
  if (name == "-Infinity")
    return -infinity;
  throw std::runtime_error("not a $num: " + std::string(name));
}

any to_any(const json::object& object) {
  if (object.size() == 1) {
    const auto& [key, value] = *object.begin();
    if (key == "$undef")
      return any();
    if (key == "$bin")
      return any::bytes{from_base64(text_of(value))};
    if (key == "$big")
      return any::bigint{std::stoll(std::string(text_of(value)))};
    if (key == "$num")
      return number_named(text_of(value));
  }
  any::object members;
  for (const auto& [key, value] : object)
    members.emplace_back(std::string(key), fixtures::to_any(value));
  return members;
}

} // namespace

const json::value& load(std::string_view name) {
  static std::map<std::string, json::value, std::less<>> loaded;
  if (const auto found = loaded.find(name); found != loaded.end())
    return found->second;
  const std::string path = COTERIE_GOLDEN_DIR "/" + std::string(name) + ".json";
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return loaded.emplace(name, json::parse(text.str())).first->second;
}

std::string_view text_of(const json::value& string) {
  const auto& text = string.as_string();
  return {text.data(), text.size()};
}

std::string from_base64(std::string_view text) {
  auto bytes = decode_base64(text);
  if (!bytes)
    throw std::runtime_error("not base64: " + std::string(text));
  return *std::move(bytes);
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0)
      throw std::runtime_error("not hexadecimal: " + std::string(text));
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

any to_any(const json::value& tagged) {
  switch (tagged.kind()) {
  case json::kind::null:
    return any::null{};
  case json::kind::bool_:
    return tagged.get_bool();
  case json::kind::string:
    return text_of(tagged);
  case json::kind::object:
    return to_any(tagged.get_object());
  case json::kind::array: {
    any::array elements;
    for (const auto& element : tagged.get_array())
      elements.push_back(to_any(element));
    return elements;
  }
  default:
    return tagged.to_number<double>();
  }
}

} // namespace coterie::crdt::fixtures
