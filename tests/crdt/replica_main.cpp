// A replica that a test drives from outside: one JSON object a line comes in, one goes out.
//
//   {"do":"new","doc":1,"client":7,"gc":true}          -> {"ok":null}
//   {"do":"apply","doc":1,"update":base64}             -> {"ok":{"relay":base64,"waiting":false}}
//   {"do":"edit","doc":1,"steps":[...]}                -> {"ok":base64}       the update
//   {"do":"state","doc":1,"vector":base64?}            -> {"ok":base64}
//   {"do":"look","doc":1,"roots":{"t":"text"}}         -> {"ok":{view,order,vector,...}}
//   {"do":"merge","updates":[base64]}                  -> {"ok":base64}
//   {"do":"diff","update":base64,"vector":base64}      -> {"ok":base64}
//   {"do":"vector_of","update":base64}                 -> {"ok":base64}
//   {"do":"drop","doc":1}                              -> {"ok":null}
//
// What the library refuses is {"refused":"invalid_argument: why"}. A step of an edit names its
// call (as transaction does), the path of its type (a root, then keys and indices) and arguments;
// values are tagged as in the fixtures.

#include "base/text.hpp"
#include "crdt/inspect.hpp"
#include "crdt/update.hpp"
#include "tests/crdt/fixtures.hpp"
#include "tests/crdt/view.hpp"

#include <boost/json.hpp>

#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>

using namespace coterie;
using namespace coterie::crdt;
using fixtures::to_any;

namespace json = boost::json;

namespace {

std::map<std::uint64_t, doc> documents;

/// What the library said no to.
struct refused : std::runtime_error {
  explicit refused(const failure& why)
      : std::runtime_error(std::string(to_string(why.code)) + ": " + why.detail) {}
};

template <class T>
T must(result<T> answer) {
  if (!answer)
    throw refused(answer.why());
  return std::move(*answer);
}

void must(const result<void>& answer) {
  if (!answer)
    throw refused(answer.why());
}

std::string text(const json::object& from, std::string_view key) {
  return std::string(fixtures::text_of(from.at(key)));
}

std::string bytes(const json::object& from, std::string_view key) {
  return fixtures::from_base64(fixtures::text_of(from.at(key)));
}

std::uint64_t number(const json::object& from, std::string_view key) {
  return from.at(key).to_number<std::uint64_t>();
}

json::value encoded(std::string_view bytes) {
  return json::string(encode_base64(bytes));
}

doc& document(const json::object& request) {
  return documents.at(number(request, "doc"));
}

/// The type at a path.
shared_type type_at(doc& owner, const json::array& path) {
  auto type = owner.root(fixtures::text_of(path.at(0)));
  for (std::size_t i = 1; i < path.size(); ++i) {
    const auto value = path[i].is_string() ? type.get(fixtures::text_of(path[i]))
                                           : type.at(path[i].to_number<std::uint64_t>());
    if (!value || !std::holds_alternative<shared_type>(*value))
      throw std::runtime_error("no type at " + json::serialize(path));
    type = std::get<shared_type>(*value);
  }
  return type;
}

text_attributes attributes(const json::object& step) {
  const auto* given = step.if_contains("attributes");
  if (given == nullptr)
    return {};
  return std::get<any::object>(to_any(*given).content);
}

void edit_sequence(transaction& t, shared_type type, const std::string& call,
                   const json::object& step) {
  const auto index = number(step, "index");
  if (call == "insert_text")
    must(t.insert_text(type, index, text(step, "text"), attributes(step)));
  else if (call == "insert_embed")
    must(t.insert_embed(type, index, to_any(step.at("value")), attributes(step)));
  else if (call == "format")
    must(t.format(type, index, number(step, "count"), attributes(step)));
  else if (call == "remove")
    must(t.remove(type, index, number(step, "count")));
  else if (call == "insert")
    must(t.insert(type, index, std::get<any::array>(to_any(step.at("values")).content)));
  else if (call == "insert_type")
    must(
      t.insert_type(type, index, static_cast<type_kind>(number(step, "kind")), text(step, "name")));
  else
    throw std::runtime_error("no such call: " + call);
}

void edit(doc& owner, transaction& t, const json::object& step) {
  const auto call = text(step, "call");
  const auto type = type_at(owner, step.at("path").as_array());
  if (call == "replace_text")
    must(t.replace_text(type, text(step, "text")));
  else if (call == "set")
    must(t.set(type, text(step, "key"), to_any(step.at("value"))));
  else if (call == "set_type")
    must(t.set_type(type, text(step, "key"), static_cast<type_kind>(number(step, "kind")),
                    text(step, "name")));
  else if (call == "erase")
    must(t.erase(type, text(step, "key")));
  else
    edit_sequence(t, type, call, step);
}

json::value on_new(const json::object& request) {
  doc_options options;
  options.client = number(request, "client");
  options.collects_garbage = request.at("gc").as_bool();
  documents.insert_or_assign(number(request, "doc"), doc(options));
  return nullptr;
}

json::value on_apply(const json::object& request) {
  const auto update = bytes(request, "update");
  const auto taken = must(document(request).apply_update(update));
  return {{"relay", encoded(taken.relay)}, {"waiting", taken.is_waiting}};
}

json::value on_edit(const json::object& request) {
  doc& owner = document(request);
  // What is refused is told after the transaction: it must end.
  std::exception_ptr trouble;
  const auto update = owner.transact([&](transaction& t) {
    try {
      for (const auto& step : request.at("steps").as_array())
        edit(owner, t, step.as_object());
    } catch (const std::exception&) {
      trouble = std::current_exception();
    }
  });
  if (trouble)
    std::rethrow_exception(trouble);
  return encoded(update);
}

json::value on_state(const json::object& request) {
  state_vector known;
  if (request.contains("vector"))
    known = must(decode_state_vector(bytes(request, "vector")));
  return encoded(document(request).encode_state_as_update(known));
}

json::value on_look(const json::object& request) {
  doc& owner = document(request);
  const auto& roots = request.at("roots").as_object();
  json::object as_json;
  for (const auto& [name, kind] : roots)
    if (const auto how = fixtures::text_of(kind); how == "map" || how == "array" || how == "text")
      as_json[name] = json::string(owner.root(name).to_json(how == "map"     ? type_kind::map
                                                            : how == "array" ? type_kind::array
                                                                             : type_kind::text));
  return {{"view", testing::view(owner, roots)},
          {"order", testing::order(owner, roots)},
          {"json", as_json},
          {"vector", encoded(owner.encode_state_vector())},
          {"waiting", owner.has_waiting()},
          {"client", owner.client()},
          {"complaint", json::string(check_integrity(owner))}};
}

json::value on_merge(const json::object& request) {
  std::vector<std::string> updates;
  for (const auto& update : request.at("updates").as_array())
    updates.push_back(fixtures::from_base64(fixtures::text_of(update)));
  const std::vector<std::string_view> views(updates.begin(), updates.end());
  return encoded(must(merge_updates(views)));
}

json::value on_diff(const json::object& request) {
  return encoded(must(diff_update(bytes(request, "update"), bytes(request, "vector"))));
}

json::value on_vector_of(const json::object& request) {
  return encoded(must(encode_state_vector_from_update(bytes(request, "update"))));
}

json::value on_drop(const json::object& request) {
  documents.erase(number(request, "doc"));
  return nullptr;
}

json::value answer(const json::object& request) {
  using handler = json::value (*)(const json::object&);
  static const std::map<std::string, handler> handlers{
    {"new", on_new},     {"apply", on_apply},         {"edit", on_edit},
    {"state", on_state}, {"look", on_look},           {"merge", on_merge},
    {"diff", on_diff},   {"vector_of", on_vector_of}, {"drop", on_drop}};
  return handlers.at(text(request, "do"))(request);
}

} // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    json::object reply;
    try {
      reply["ok"] = answer(json::parse(line).as_object());
    } catch (const refused& why) {
      reply["refused"] = why.what();
    } catch (const std::exception& why) {
      reply["trouble"] = why.what();
    }
    std::cout << json::serialize(reply) << '\n' << std::flush;
  }
  return 0;
}
