#include "sandbox/verdict.hpp"

#include <sys/wait.h>

#include <csignal>

namespace coterie::sandbox {

namespace {

outcome outcome_of(const ending& facts, int signal, bool failed) {
  if (!facts.started)
    return outcome::internal;
  if (facts.killed)
    return *facts.killed;
  // A child that was killed for memory need not be the program's end: it may go on and exit 0.
  if (facts.out_of_memory && (failed || signal == SIGKILL || !facts.reported))
    return outcome::memory;
  if (!facts.reported)
    return outcome::internal;
  if (signal == SIGXCPU || (signal == SIGKILL && facts.cpu_used_up))
    return outcome::cpu_time;
  if (signal == SIGXFSZ)
    return outcome::file_size;
  return signal != 0 ? outcome::signalled : outcome::exited;
}

} // namespace

void decide(const ending& facts, report& into) {
  const int status = facts.reported && facts.started ? facts.wait_status : 0;
  into.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  into.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  into.oom_killed = facts.out_of_memory;
  into.how = outcome_of(facts, into.signal, into.exit_code != 0);
}

} // namespace coterie::sandbox
