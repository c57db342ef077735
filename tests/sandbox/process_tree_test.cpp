#define CAF_SUITE process_tree

#include "sandbox/process_tree.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <sys/wait.h>
#include <unistd.h>

using namespace coterie::sandbox;

SCENARIO("a stat line is read, also with a hostile program name") {
  const auto fields =
    parse_stat("42 (a) R 1 (b) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 "
               "8888 1000 250 18446744073709551615 1 1\n");
  REQUIRE(fields);
  CHECK_EQ(fields->pid, 42);
  CHECK_EQ(fields->parent, 7);
  CHECK_EQ(fields->cpu_ticks, 100u);
  CHECK_EQ(fields->threads, 5u);
  CHECK_EQ(fields->start_ticks, 8888u);
  CHECK_EQ(fields->rss_pages, 250u);
}

SCENARIO("a line that is cut short is not read") {
  CHECK(!parse_stat(""));
  CHECK(!parse_stat("42 (a"));
  CHECK(!parse_stat("42 (a) S 7 42"));
  CHECK(!parse_stat("x (a) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 8888 1000 250"));
}

SCENARIO("a process keeps its start time, and a missing one has none") {
  CHECK(start_time_of(::getpid()).has_value());
  CHECK_EQ(*start_time_of(::getpid()), *start_time_of(::getpid()));
  CHECK(!start_time_of(0x7ffffffe));
}

SCENARIO("a process that has ended has no start time, though nobody has waited for it") {
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(0);
  siginfo_t ended{};
  REQUIRE_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  CHECK(!start_time_of(child));
  ::waitpid(child, nullptr, 0);
}
