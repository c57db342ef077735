// The load engine for servers of shared documents: one thread, epoll, no libraries. Opens rooms of
// WebSocket connections, has every writer send one small edit per period and measures how long
// each edit takes to reach every other member of its room. Prints one JSON object.
//
//   options     the command line
//   web_socket  sockets and frames
//   dialect     what the servers say, over yjs_bytes
//   crowd       rooms of members who write and receive
//   load        the course of a run
//   histogram, processes, report    what is measured, and how it is told

#include "crowd.hpp"
#include "load.hpp"
#include "options.hpp"
#include "report.hpp"

#include <cstdio>
#include <exception>

int main(int count, char** arguments) try {
  using namespace yload;
  const auto wanted = parse_options(count, arguments);
  std::mt19937_64 random{std::random_device{}()};
  crowd everybody{wanted, random};
  const auto found = run_load(wanted, everybody, random);
  std::puts(report(wanted, everybody, found).c_str());
  return 0;
} catch (const std::exception& why) {
  std::fprintf(stderr, "%s\n", why.what());
  return 2;
}
