#include "actors/audit.hpp"

#include "base/log.hpp"

namespace coterie::actors {

void audit(const audit_event& event) {
  const auto level =
    event.level == audit_level::suspicious ? log::level::warning : log::level::info;
  if (!log::is_enabled(level))
    return;
  log::write(level, "audit",
             {{"audit", event.what},
              {"user", event.user ? event.user->str() : std::string()},
              {"address", event.address},
              {"subject", event.subject},
              {"request_id", event.request_id}});
}

} // namespace coterie::actors
