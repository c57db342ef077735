#pragma once

// What every actor of ours does with what it did not expect: nothing interesting happens
// silently inside CAF. Included by the .cpp files only.

#include "actors/errors.hpp"
#include "base/log.hpp"

#include <caf/all.hpp>

#include <exception>

namespace coterie::actors {

/// Installs the default, error, exception and node-down handlers. Unknown messages are logged
/// and dropped (a request gets unexpected_message); exceptions end the actor, its parent decides.
template <class Self>
void install_handlers(Self* self, const char* name) {
  self->set_default_handler(
    [name](caf::scheduled_actor*, caf::message& unknown) -> caf::skippable_result {
      log::warning("message not understood",
                   {{"actor", name}, {"types", caf::to_string(unknown.types())}});
      return caf::make_error(caf::sec::unexpected_message);
    });
  self->set_error_handler([name](caf::scheduled_actor* me, caf::error& why) {
    log::error("actor failed", {{"actor", name}, {"why", to_failure(why).detail}});
    me->quit(why);
  });
  self->set_exception_handler(
    [name](caf::scheduled_actor*, std::exception_ptr& raised) -> caf::error {
      std::string what = "unknown exception";
      try {
        std::rethrow_exception(raised);
      } catch (const std::exception& e) {
        what = e.what();
      } catch (...) { // NOLINT(bugprone-empty-catch): named above
      }
      log::error("actor raised an exception", {{"actor", name}, {"why", what}});
      return caf::make_error(errc::internal, what);
    });
  self->set_node_down_handler([name](caf::scheduled_actor*, caf::node_down_msg& lost) {
    log::warning("node is down", {{"actor", name}, {"node", caf::to_string(lost.node)}});
  });
}

} // namespace coterie::actors
