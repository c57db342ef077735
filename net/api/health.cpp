#include "net/api/health.hpp"

#include "net/json.hpp"

#include <boost/json/array.hpp>

namespace coterie::net {

namespace json = boost::json;

namespace {

/// 200 and "healthy" or 503 and "unhealthy", with `details` behind.
response verdict_response(bool is_healthy, const json::object& details = {}) {
  json::object body{{"status", is_healthy ? "healthy" : "unhealthy"}};
  for (const auto& [name, value] : details)
    body[name] = value;
  return json_response(is_healthy ? 200 : 503, body);
}

/// Asks an actor for its status; one that does not answer is unhealthy. `judge` words the answer.
template <class Status, class Handle, class Question, class Judge>
void check(const api_context_ptr& context, const Handle& who, Question question,
           const responder_ptr& reply, Judge judge) {
  ask<Status>(context->system, who, health_timeout, std::move(question),
              [reply, judge](const result<Status>& answer) {
                reply->send(answer ? judge(*answer) : verdict_response(false));
              });
}

std::string_view name_of(actors::node_state state) {
  switch (state) {
  case actors::node_state::up:
    return "up";
  case actors::node_state::draining:
    return "draining";
  }
  return "unknown";
}

bool is_healthy(const actors::cluster_status& status) {
  return status.storage_answers && status.state == actors::node_state::up;
}

response storage_health(const actors::cluster_status& status) {
  json::object details{{"node", status.self.str()}, {"state", name_of(status.state)}};
  if (!status.storage_answers)
    details["detail"] = "The database does not answer.";
  return verdict_response(status.storage_answers, details);
}

response queue_health(const actors::queue_status& status) {
  return verdict_response(status.queued < status.queued_max,
                          {{"queued", status.queued},
                           {"running", status.running},
                           {"slots", status.slots},
                           {"warm_containers", status.warm_containers},
                           {"queued_max", status.queued_max}});
}

std::string_view name_of(sandbox::cgroup_mode mode) {
  switch (mode) {
  case sandbox::cgroup_mode::v2:
    return "v2";
  case sandbox::cgroup_mode::v1:
    return "v1";
  case sandbox::cgroup_mode::none:
    return "none";
  }
  return "unknown";
}

response sandbox_health(const actors::queue_status& status) {
  const auto& host = status.host;
  return verdict_response(host.usable,
                          {{"cgroups", name_of(host.cgroups)},
                           {"user_namespaces", host.user_namespaces},
                           {"missing", json::array(host.missing.begin(), host.missing.end())}});
}

void serve_metrics(const api_context& context, const responder_ptr& reply) {
  response answer;
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  if (context.node.counters)
    answer.body = context.node.counters->prometheus_text();
  reply->send(std::move(answer));
}

} // namespace

void ask_health(const api_context_ptr& context, std::function<void(bool)> done) {
  ask<actors::cluster_status>(context->system, context->node.cluster, health_timeout,
                              actors::describe_cluster{},
                              [done = std::move(done)](const result<actors::cluster_status>& now) {
                                done(now && is_healthy(*now));
                              });
}

void add_health_parts(router& routes, const api_context_ptr& context) {
  const route_rules rules{.needs = access::open};
  routes.add(
    method::get, "/health/db",
    [context](const request&, const responder_ptr& reply) {
      check<actors::cluster_status>(context, context->node.cluster, actors::describe_cluster{},
                                    reply, storage_health);
    },
    rules);
  routes.add(
    method::get, "/health/queue",
    [context](const request&, const responder_ptr& reply) {
      check<actors::queue_status>(context, context->node.dispatcher, actors::describe_queue{},
                                  reply, queue_health);
    },
    rules);
  routes.add(
    method::get, "/health/docker",
    [context](const request&, const responder_ptr& reply) {
      check<actors::queue_status>(context, context->node.dispatcher, actors::describe_queue{},
                                  reply, sandbox_health);
    },
    rules);
  routes.add(
    method::get, "/metrics",
    [context](const request&, const responder_ptr& reply) { serve_metrics(*context, reply); },
    rules);
}

void add_health_api(router& routes, const api_context_ptr& context) {
  routes.add(method::get, "/health",
             [context](const request&, const responder_ptr& reply) {
               ask_health(context,
                          [reply](bool healthy) { reply->send(verdict_response(healthy)); });
             },
             {.needs = access::open});
  add_health_parts(routes, context);
}

} // namespace coterie::net
