#include "net/api/languages.hpp"

#include <boost/json/array.hpp>

namespace coterie::net {

namespace json = boost::json;

void language_catalog::set(std::string_view name, std::string_view version) {
  const std::lock_guard lock{mutex_};
  versions_.insert_or_assign(std::string(name), std::string(version));
}

void language_catalog::set_ready() {
  const std::lock_guard lock{mutex_};
  ready_ = true;
}

bool language_catalog::is_ready() const {
  const std::lock_guard lock{mutex_};
  return ready_;
}

std::optional<std::string> language_catalog::version_of(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = versions_.find(name);
  if (found == versions_.end())
    return std::nullopt;
  return found->second;
}

bool language_catalog::is_empty() const {
  const std::lock_guard lock{mutex_};
  return versions_.empty();
}

void when_languages_are_known(const api_context_ptr& context, std::function<void()> then) {
  if (context->languages->is_ready())
    return then();
  static constexpr std::chrono::milliseconds look_every{50};
  context->system.spawn([context, then = std::move(then), left = catalog_wait_max / look_every](
                          caf::event_based_actor* self) mutable -> caf::behavior {
    self->delayed_send(self, look_every, caf::tick_atom_v);
    return {[=](caf::tick_atom) mutable {
      if (context->languages->is_ready() || --left <= 0) {
        then();
        self->quit();
      } else {
        self->delayed_send(self, look_every, caf::tick_atom_v);
      }
    }};
  });
}

const config::language* find_offered(const api_context& context, std::string_view name,
                                     const field_reader& fields, std::string_view field) {
  const auto* language = context.node.languages->find(name);
  const auto& catalog = *context.languages;
  if (language != nullptr && (catalog.is_empty() || catalog.version_of(language->name)))
    return language;
  std::string offered;
  for (const auto& other : context.node.languages->all())
    if (catalog.is_empty() || catalog.version_of(other.name))
      offered += (offered.empty() ? "" : ", ") + other.name;
  fields.complain(field, std::string(language == nullptr ? "is not known" : "has no toolchain here")
                           + "; offered are: " + (offered.empty() ? "none" : offered));
  return nullptr;
}

json::object limits_json(const config::limits& limits) {
  return {{"wall_ms", limits.wall.count()},         {"cpu_ms", limits.cpu.count()},
          {"memory_mb", limits.memory_bytes >> 20}, {"processes", limits.processes},
          {"output_kb", limits.output_bytes >> 10}, {"disk_mb", limits.disk_bytes >> 20}};
}

void add_languages_api(router& routes, api_context_ptr context) {
  routes.add(method::get, "/api/v1/languages", [context](request, const responder_ptr& reply) {
    when_languages_are_known(context, [context, reply] {
      json::array list;
      for (const auto& language : context->node.languages->all()) {
        const auto version = context->languages->version_of(language.name);
        if (!version)
          continue;
        list.push_back(
          json::object{{"name", language.name},
                       {"title", language.title},
                       {"version", *version},
                       {"aliases", json::array(language.aliases.begin(), language.aliases.end())},
                       {"main", language.main_file},
                       {"limits", limits_json(language.run.defaults)},
                       {"ceilings", limits_json(language.run.ceiling)}});
      }
      reply->send(json_response(200, {{"languages", std::move(list)}}));
    });
  });
}

} // namespace coterie::net
