#include "net/json.hpp"

#include "base/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

std::string at_most(std::size_t count, std::string_view unit) {
  return "must be at most " + std::to_string(count) + " " + std::string(unit);
}

} // namespace

result<json::object> parse_json_object(std::string_view body) {
  json::parse_options options;
  options.max_depth = json_bounds::depth_max;
  boost::system::error_code problem;
  auto value = json::parse({body.data(), body.size()}, problem, {}, options);
  if (problem == json::error::too_deep)
    return {errc::invalid_argument,
            "The body nests deeper than " + std::to_string(json_bounds::depth_max) + " levels."};
  if (problem)
    return {errc::invalid_argument, "The body is not valid JSON: " + problem.message() + "."};
  if (!value.is_object())
    return {errc::invalid_argument, "The body must be a JSON object."};
  return std::move(value.get_object());
}

result<json::object> parse_optional_json_object(std::string_view body) {
  if (body.empty())
    return json::object{};
  return parse_json_object(body);
}

field_reader::field_reader(const json::object& from, complaints& wrong, std::string prefix)
    : from_(from), wrong_(wrong), prefix_(std::move(prefix)) {}

const json::value* field_reader::find(std::string_view name) const {
  const auto* value = from_.if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

field_reader field_reader::below(std::string_view prefix, const json::object& inner) const {
  return {inner, wrong_, prefix_ + std::string(prefix)};
}

bool field_reader::has(std::string_view name) const {
  return find(name) != nullptr;
}

void field_reader::complain(std::string_view name, std::string_view what) const {
  wrong_.push_back(prefix_ + std::string(name) + ": " + std::string(what));
}

std::optional<std::string> field_reader::text(std::string_view name, std::size_t bytes_max) const {
  const auto* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  const auto* content = value->if_string();
  if (content == nullptr) {
    complain(name, "must be a string");
    return std::nullopt;
  }
  if (content->size() > bytes_max) {
    complain(name, at_most(bytes_max, "bytes"));
    return std::nullopt;
  }
  return std::string(content->data(), content->size());
}

std::optional<bool> field_reader::flag(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_bool()) {
    complain(name, "must be true or false");
    return std::nullopt;
  }
  return value->get_bool();
}

std::optional<std::uint64_t> field_reader::positive(std::string_view name,
                                                    std::uint64_t max) const {
  const auto* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  std::uint64_t number = 0; // stays 0, which is refused, for everything but a positive integer
  if (value->is_int64() && value->get_int64() > 0)
    number = static_cast<std::uint64_t>(value->get_int64());
  else if (value->is_uint64())
    number = value->get_uint64();
  if (number == 0 || number > max) {
    complain(name, "must be an integer from 1 to " + std::to_string(max));
    return std::nullopt;
  }
  return number;
}

const json::array* field_reader::list(std::string_view name, std::size_t count_max) const {
  const auto* value = find(name);
  if (value == nullptr)
    return nullptr;
  const auto* items = value->if_array();
  if (items == nullptr) {
    complain(name, "must be a list");
    return nullptr;
  }
  if (items->size() > count_max) {
    complain(name, "must have at most " + std::to_string(count_max) + " entries");
    return nullptr;
  }
  return items;
}

std::optional<std::vector<std::string>>
field_reader::texts(std::string_view name, std::size_t count_max, std::size_t bytes_max) const {
  const auto* items = list(name, count_max);
  if (items == nullptr)
    return std::nullopt;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto* content = (*items)[i].if_string();
    const auto place = std::string(name) + "[" + std::to_string(i) + "]";
    if (content == nullptr)
      complain(place, "must be a string");
    else if (content->size() > bytes_max)
      complain(place, at_most(bytes_max, "bytes"));
    else if (content->find('\0') != json::string::npos)
      complain(place, "must not contain NUL");
    else
      out.emplace_back(content->data(), content->size());
  }
  return out;
}

const json::object* field_reader::object(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr)
    return nullptr;
  if (!value->is_object())
    complain(name, "must be an object");
  return value->if_object();
}

std::optional<std::vector<const json::object*>> field_reader::objects(std::string_view name,
                                                                      std::size_t count_max) const {
  const auto* items = list(name, count_max);
  if (items == nullptr)
    return std::nullopt;
  std::vector<const json::object*> out;
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (const auto* item = (*items)[i].if_object())
      out.push_back(item);
    else
      complain(std::string(name) + "[" + std::to_string(i) + "]", "must be an object");
  }
  return out;
}

std::optional<std::string> field_reader::base64(std::string_view name,
                                                std::size_t bytes_max) const {
  const auto encoded = text(name, (bytes_max + 2) / 3 * 4);
  if (!encoded)
    return std::nullopt;
  auto bytes = decode_base64(*encoded);
  if (!bytes)
    complain(name, "must be base64 with padding");
  else if (bytes->size() > bytes_max) {
    complain(name, at_most(bytes_max, "bytes"));
    return std::nullopt;
  }
  return bytes;
}

response json_response(unsigned status, const json::object& body) {
  response answer;
  answer.status = status;
  answer.body = json::serialize(body);
  return answer;
}

response empty_response(unsigned status) {
  response answer;
  answer.status = status;
  answer.content_type.clear();
  return answer;
}

} // namespace coterie::net
