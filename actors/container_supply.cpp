#include "actors/container_supply.hpp"

#include "actors/tell.hpp"

#include <memory>
#include <utility>

namespace coterie::actors {

container_supply::container_supply(std::uint32_t warm_max)
    : pool_(warm_max, sandbox::container_spec{}) {}

container_supply::~container_supply() {
  for (auto& [number, container] : idle_)
    caf::anon_send_exit(container, caf::exit_reason::user_shutdown);
}

caf::actor container_supply::request(job_id job, const sandbox::container_spec& spec,
                                     container_pool::time_point now) {
  const auto ready = pool_.request(job, spec, now);
  return ready ? std::move(idle_.extract(*ready).mapped()) : caf::actor{};
}

caf::actor container_supply::take_ready(const sandbox::container_spec& spec,
                                        container_pool::time_point now) {
  const auto ready = pool_.take_ready(spec, now);
  return ready ? std::move(idle_.extract(*ready).mapped()) : caf::actor{};
}

void container_supply::withdraw(job_id job) {
  pool_.withdraw(job);
}

void container_supply::make(sandbox::launcher& launcher, const caf::weak_actor_ptr& asker,
                            container_pool::time_point now) {
  end(pool_.surplus(now));
  for (auto& next : pool_.due(now))
    launcher.create(std::move(next.spec), [asker, number = next.number](
                                            result<std::unique_ptr<sandbox::container>> answer) {
      using holder = std::unique_ptr<sandbox::container>;
      if (answer)
        tell(asker, container_made{number, std::make_shared<holder>(std::move(*answer)), {}});
      else
        tell(asker, container_made{number, nullptr, std::move(answer).why()});
    });
}

std::optional<container_pool::time_point> container_supply::due_at() const {
  return pool_.due_at();
}

std::optional<container_supply::made> container_supply::on_made(caf::actor_system& system,
                                                                const container_made& message,
                                                                container_pool::time_point now) {
  const auto whose = pool_.on_made(message.number, now);
  if (whose.what == container_pool::fate::not_wanted)
    return std::nullopt; // ends with its handle, when this message goes
  auto container = spawn_container(system, std::move(*message.sandbox));
  if (whose.what == container_pool::fate::for_job)
    return made{whose.job, std::move(container)};
  idle_.emplace(message.number, std::move(container));
  return std::nullopt;
}

std::optional<job_id> container_supply::on_failed(const container_made& message, bool charge,
                                                  container_pool::time_point now) {
  return pool_.on_failed(message.number, charge, now);
}

void container_supply::close() {
  end(pool_.close());
}

void container_supply::renew() {
  end(pool_.renew());
}

void container_supply::end(const std::vector<container_number>& numbers) {
  for (const auto number : numbers)
    caf::anon_send_exit(idle_.extract(number).mapped(), caf::exit_reason::user_shutdown);
}

} // namespace coterie::actors
