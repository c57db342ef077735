#pragma once

// The command line. lib/engine.mjs writes it.

#include <string>
#include <vector>

namespace yload {

enum class protocol { y_websocket, hocuspocus, socketio };

struct options {
  std::string host = "127.0.0.1"; ///< an IPv4 address
  int port = 0;
  std::string path_template = "/{room}";
  std::string header; ///< one more line of the upgrade request
  protocol dialect = protocol::y_websocket;
  std::string token = "bench"; ///< what Hocuspocus is told
  std::string room_prefix;     ///< empty: a random one
  int rooms = 1;
  int clients = 2;  ///< of each room
  int writers = -1; ///< of each room; below zero: all clients
  int chars = 3;    ///< of each edit
  double rate = 1;  ///< edits per second and writer
  double seconds = 5;
  double warmup_seconds = 1;
  double drain_seconds = 3;
  double connect_seconds_max = 60;
  int connecting_max = 64;    ///< handshakes under way at once
  std::vector<int> processes; ///< of the server
};

/// Throws std::invalid_argument with a sentence for people.
options parse_options(int count, char** arguments);

} // namespace yload
