#define CAF_SUITE verdict

#include "sandbox/verdict.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <csignal>

using namespace coterie::sandbox;

namespace {

constexpr int exited(int code) {
  return code << 8; // as wait(2) encodes it
}

report judge(const ending& facts) {
  report out;
  decide(facts, out);
  return out;
}

outcome how(const ending& facts) {
  return judge(facts).how;
}

} // namespace

SCENARIO("a program that ends by itself is exited, with any code") {
  CHECK(how({.wait_status = exited(0)}) == outcome::exited);
  const auto seven = judge({.wait_status = exited(7)});
  CHECK(seven.how == outcome::exited);
  CHECK_EQ(seven.exit_code, 7);
  CHECK_EQ(seven.signal, 0);
}

SCENARIO("what could not be started is internal, whatever else is known") {
  CHECK(how({.started = false, .killed = outcome::wall_time, .wait_status = exited(127)})
        == outcome::internal);
}

SCENARIO("our own reason to end a program comes before what its death looks like") {
  CHECK(how({.killed = outcome::wall_time, .out_of_memory = true, .wait_status = SIGKILL})
        == outcome::wall_time);
  CHECK(how({.killed = outcome::output_limit, .wait_status = exited(0)}) == outcome::output_limit);
}

SCENARIO("memory needs both a kill and a failure") {
  CHECK(how({.out_of_memory = true, .wait_status = SIGKILL}) == outcome::memory);
  CHECK(how({.out_of_memory = true, .wait_status = exited(1)}) == outcome::memory);
  CHECK(how({.out_of_memory = true, .reported = false}) == outcome::memory);
  const auto survived = judge({.out_of_memory = true, .wait_status = exited(0)});
  CHECK(survived.how == outcome::exited);
  CHECK(survived.oom_killed);
  CHECK(how({.wait_status = SIGKILL}) == outcome::signalled);
}

SCENARIO("signals of limits have outcomes of their own") {
  CHECK(how({.wait_status = SIGXCPU}) == outcome::cpu_time);
  CHECK(how({.wait_status = SIGKILL, .cpu_used_up = true}) == outcome::cpu_time);
  CHECK(how({.wait_status = SIGSEGV, .cpu_used_up = true}) == outcome::signalled);
  CHECK(how({.wait_status = SIGXFSZ}) == outcome::file_size);
  const auto crash = judge({.wait_status = SIGSEGV | 0x80}); // with a core dump
  CHECK(crash.how == outcome::signalled);
  CHECK_EQ(crash.signal, SIGSEGV);
}

SCENARIO("a container that vanished without a word is internal") {
  CHECK(how({.reported = false}) == outcome::internal);
  CHECK(how({.killed = outcome::cancelled, .reported = false}) == outcome::cancelled);
}

SCENARIO("outcomes have names, and names outcomes") {
  for (const auto each :
       {outcome::internal, outcome::cancelled, outcome::wall_time, outcome::cpu_time,
        outcome::output_limit, outcome::memory, outcome::file_size, outcome::signalled,
        outcome::exited, outcome::compile_error, outcome::node_lost})
    CHECK(parse_outcome(to_string(each)) == each);
  CHECK(!parse_outcome("fine"));
}
