#define CAF_SUITE openapi

#include "net/openapi.hpp"

#include "net/api/api.hpp"
#include "net/api/languages.hpp"
#include "net/dialects/algoroom.hpp"
#include "net/dialects/code_sessions.hpp"
#include "net/dialects/kaicode.hpp"

#include <boost/json/parse.hpp>

#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <set>

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

namespace {

/// One line of the router or of the document: "GET /api/v1/rooms/{id} id".
using operations = std::set<std::string>;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The {names} of a pattern, in order, each with a space before it.
std::string names_in(std::string_view pattern) {
  std::string out;
  for (auto open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1))
    out += " " + std::string(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
  return out;
}

operations operations_of(const router& routes) {
  operations out;
  for (const auto& route : routes.routes()) {
    auto pattern = route.pattern;
    if (const auto dots = pattern.find("...}"); dots != std::string::npos)
      pattern.erase(dots, 3);
    out.insert(lower(std::string(to_string(route.verb))) + " " + pattern + names_in(pattern));
  }
  return out;
}

operations operations_of(const boost::json::object& document) {
  operations out;
  for (const auto& [path, item] : document.at("paths").as_object())
    for (const auto& [verb, operation] : item.as_object()) {
      std::string names;
      if (const auto* parameters = operation.as_object().if_contains("parameters"))
        for (const auto& parameter : parameters->as_array())
          if (parameter.at("in").as_string() == "path")
            names += " " + std::string(parameter.at("name").as_string());
      out.insert(std::string(verb) + " " + std::string(path) + names);
    }
  return out;
}

operations missing_from(const operations& those, const operations& these) {
  operations out;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(),
                      std::inserter(out, out.end()));
  return out;
}

void collect_references(const boost::json::value& value, std::set<std::string>& into) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, inner] : *object) {
      if (name == "$ref")
        into.emplace(inner.as_string());
      collect_references(inner, into);
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& inner : *array)
      collect_references(inner, into);
  }
}

router all_routes(caf::actor_system& system) {
  const auto context = std::make_shared<const api_context>(
    api_context{system, {}, std::make_shared<language_catalog>(), {}});
  router routes;
  add_native_api(routes, context);
  add_code_sessions(routes, context, session_form::document);
  static const algoroom_settings algoroom;
  add_algoroom(routes, context, algoroom);
  static const kaicode_settings kaicode;
  add_kaicode(routes, context, kaicode);
  return routes;
}

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  router routes = all_routes(system);
  boost::json::object document = boost::json::parse(openapi_document()).as_object();
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("the document names every route of the server, with its parameters, and no other") {
  CHECK_EQ(missing_from(operations_of(document), operations_of(routes)), operations{});
  CHECK_EQ(missing_from(operations_of(routes), operations_of(document)), operations{});
}

SCENARIO("every operation has a name of its own, a summary and answers") {
  std::set<std::string> names;
  for (const auto& [path, item] : document.at("paths").as_object())
    for (const auto& [verb, operation] : item.as_object()) {
      CHECK(names.emplace(operation.at("operationId").as_string()).second);
      CHECK(!operation.at("summary").as_string().empty());
      CHECK(!operation.at("responses").as_object().empty());
    }
}

SCENARIO("every schema that is referred to exists, and each that exists is used") {
  std::set<std::string> used;
  collect_references(document, used);
  std::set<std::string> known;
  for (const auto& [name, schema] : document.at("components").at("schemas").as_object())
    known.insert("#/components/schemas/" + std::string(name));
  CHECK_EQ(used, known);
}

END_FIXTURE_SCOPE()
