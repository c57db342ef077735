#pragma once

// Names of Code Sprint's rooms and sockets, and which rooms nobody has used for a while.

#include "base/ids.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

inline constexpr std::string_view code_sprint_dialect = "code-sprint"; ///< of room names
inline constexpr std::string_view code_sprint_paths = "code-sprint-path";

/// The alias for a room name, which may be any text: itself, or a hash where it is not fit for one.
std::string code_sprint_alias(std::string_view room);

/// "<adjective>-<animal>-<7 random characters>", about 47 bits.
std::string make_socket_path();
/// Whether it looks like one.
bool is_socket_path(std::string_view path);

/// The socket path of a room that another surface made, and which is named by its id here, too.
std::string socket_path_of(room_id room);
/// The other way round; nothing for other paths.
std::optional<room_id> room_of_socket_path(std::string_view path);

/// When each room was used last. Thread-safe. Knows the rooms that were used since the server
/// started, and those that it is told.
class code_sprint_rooms {
public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::size_t rooms_max = 200'000;

  /// The room is being used. False while it is being removed, or when there are too many.
  bool touch(const std::string& alias, time_point now);
  /// A socket of the room comes, or goes.
  void enter(const std::string& alias, time_point now);
  void leave(const std::string& alias, time_point now);

  /// Rooms without sockets that were not used since `before`; from now on they are being removed.
  std::vector<std::string> take_idle(time_point before);
  /// It is removed.
  void forget(const std::string& alias);
  /// It could not be removed.
  void keep(const std::string& alias, time_point now);

private:
  struct use {
    time_point last{};
    std::size_t sockets = 0;
    bool is_ending = false;
  };
  std::mutex mutex_;
  std::map<std::string, use, std::less<>> rooms_;
};

} // namespace coterie::net
