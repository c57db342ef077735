#pragma once

// The frames between the server, the helper (zygote) and pid 1 of each container. Both ends come
// from one build, so a frame is a plain struct; still every frame is checked for kind and size,
// and every count for its bound, because pid 1 sits beside untrusted code.
//
// Each frame is one SOCK_SEQPACKET message; descriptors travel beside it (SCM_RIGHTS).
//
//   server -> helper      start, add_slot (+ cgroup.procs), make_container (+ pid 1's socket
//                         [, v2 group directory])
//   helper -> server      hello or setup_failed, once
//   forker -> server      born (+ pidfd), on the container's socket
//   pid 1  -> server      ready (+ root of the work directory's file system) or setup_failed;
//                         finished after each run; terminal_opened (+ master), terminal_ended,
//                         terminal_gone
//   server -> pid 1       run_program (+ stdin, stdout, stderr), kill_all; open_terminal, hang_up

#include "sandbox/unique_fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coterie::sandbox::wire {

/// Argument and environment text of one program together. Linux itself takes 128 KiB per string.
inline constexpr std::size_t strings_bytes_max = 128U << 10;
/// One frame; below the default socket buffer of 208 KiB, so that a frame always fits.
inline constexpr std::size_t packet_bytes_max = strings_bytes_max + 1024;
inline constexpr std::uint32_t strings_max = 4096; ///< arguments and variables together
inline constexpr std::size_t fds_max = 8;          ///< descriptors beside one frame
inline constexpr std::uint32_t slots_max = 264;    ///< containers of one helper (launcher.hpp)
inline constexpr std::uint32_t images_max = 6;     ///< root file systems besides the host's
inline constexpr std::size_t terminals_max = 16;   ///< of one container at the same time
/// Pseudo-terminals of one container: those, and what programs make (script, tmux, tests).
inline constexpr std::size_t ptys_max = 4 * terminals_max;
inline constexpr std::uint32_t side_max = 1000; ///< rows, and columns, of a terminal

enum class kind : std::uint32_t {
  start = 1,
  hello,
  setup_failed,
  add_slot,
  make_container,
  born,
  ready,
  run_program,
  kill_all,
  finished,
  open_terminal,
  terminal_opened,
  terminal_ended,
  terminal_gone,
  hang_up,
};

/// Where in the making of a sandbox or program something failed.
enum class step : std::uint32_t {
  none,
  protocol,
  user_namespace,
  mount_namespace,
  private_mounts,
  image_root,
  image_usr,
  image_etc,
  image_dev,
  pivot,
  seccomp_filter,
  join_cgroup,
  clone_container,
  hostname,
  mount_proc,
  mount_work,
  mount_tmp,
  mount_shm,
  mount_pts,
  loopback,
  capabilities,
  no_new_privileges,
  work_directory,
  descriptors,
  session,
  resource_limits,
  identity,
  fork_program,
  execute,
  open_pty,
  controlling_terminal,
};

/// A plain name of the step, for failure details.
std::string_view to_string(step at) noexcept;

/// A step that failed and the errno it left; `at` is none when nothing did.
struct trouble {
  step at = step::none;
  std::int32_t error = 0;
  explicit operator bool() const noexcept {
    return at != step::none;
  }
};

/// First frame to the helper. Beside it: one directory per image.
struct start {
  static constexpr kind id = kind::start;
  kind what = id;
  std::uint32_t uid_base = 0;  ///< first id of programs
  std::uint32_t uid_count = 0; ///< one per slot
  std::uint32_t images = 0;
};

/// The helper is ready.
struct hello {
  static constexpr kind id = kind::hello;
  kind what = id;
  std::uint32_t user_namespace = 0; ///< 1: the helper has no privileges outside of its own
};

struct setup_failed {
  static constexpr kind id = kind::setup_failed;
  kind what = id;
  trouble why;
};

/// Makes the process that forks a slot's containers. Beside it: cgroup.procs files to join.
struct add_slot {
  static constexpr kind id = kind::add_slot;
  kind what = id;
  std::uint32_t slot = 0;
};

/// Makes a container. Beside it: pid 1's socket and, on cgroup v2, the group's directory.
struct make_container {
  static constexpr kind id = kind::make_container;
  kind what = id;
  std::uint32_t slot = 0;
  std::uint32_t image = 0; ///< 0 is the host's
  std::uint32_t inodes = 0;
  std::uint64_t disk_bytes = 0;
  std::uint32_t shows_system = 0; ///< 1: proc_view::system
  std::uint32_t unused = 0;
};

/// Pid 1 exists. Beside it: its pidfd.
struct born {
  static constexpr kind id = kind::born;
  kind what = id;
  std::int32_t pid = 0; ///< as the host counts
};

/// Pid 1 waits for commands. Beside it: the root of the work directory's file system (O_PATH).
struct ready {
  static constexpr kind id = kind::ready;
  kind what = id;
};

/// How many NUL-terminated strings follow a frame's struct: `arguments` of them argv, the rest
/// environment.
struct string_counts {
  std::uint32_t arguments = 0;
  std::uint32_t strings = 0;
  std::uint32_t bytes = 0;
};

/// What the kernel keeps per process (setrlimit(2)).
struct process_limits {
  std::uint64_t open_files = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t stack_bytes = 0;
  std::uint64_t cpu_seconds = 0; ///< 0: not limited
  std::uint64_t data_bytes = 0;  ///< 0: not limited; only without a memory group
  std::uint64_t processes = 0;   ///< 0: not limited; only without a pids group
};

/// Starts a program; its strings follow. Beside it: standard input (absent with `no_input`),
/// output and error.
struct run_program {
  static constexpr kind id = kind::run_program;
  kind what = id;
  string_counts texts;
  std::uint32_t no_input = 0;
  std::uint32_t padding = 0;
  process_limits limits;
};

/// Ends every process of the container but pid 1.
struct kill_all {
  static constexpr kind id = kind::kill_all;
  kind what = id;
};

/// The program and all it left behind are gone.
struct finished {
  static constexpr kind id = kind::finished;
  kind what = id;
  trouble why;                  ///< set: the program could not be started
  std::int32_t wait_status = 0; ///< as wait(2) gives it
  std::uint32_t padding = 0;
  std::uint64_t cpu_microseconds = 0; ///< of all reaped processes
  std::uint64_t rss_bytes_max = 0;    ///< of the largest process
};

/// Opens a terminal and starts a program on it, in a session of its own; its strings follow. No
/// two living terminals of a container have the same number. Answered by terminal_opened.
struct open_terminal {
  static constexpr kind id = kind::open_terminal;
  kind what = id;
  string_counts texts;
  std::uint32_t number = 0;
  std::uint32_t rows = 0; ///< 1 to side_max, as columns
  std::uint32_t columns = 0;
  std::uint32_t any_shell = 0; ///< 1: where the program does not exist, /bin/sh does as well
  process_limits limits;
};

/// The terminal is open. Beside it: its master. Pid 1 keeps a duplicate until hang_up, so that the
/// server's is never the last: to let go of the last one waits for the programs that read the
/// terminal, and only their own container may have to wait for them.
struct terminal_opened {
  static constexpr kind id = kind::terminal_opened;
  kind what = id;
  std::uint32_t number = 0;
  trouble why; ///< set: there is no terminal, and no descriptor
};

/// The terminal's program has ended. Others of its session may go on until hang_up.
struct terminal_ended {
  static constexpr kind id = kind::terminal_ended;
  kind what = id;
  std::uint32_t number = 0;
  std::int32_t wait_status = 0; ///< as wait(2) gives it
};

/// The server has let go of the master. What is left of the session gets SIGHUP, and a little
/// later SIGKILL; then terminal_gone. Sent once per opened terminal, also after terminal_ended.
struct hang_up {
  static constexpr kind id = kind::hang_up;
  kind what = id;
  std::uint32_t number = 0;
};

/// Hung up, and no process of the session that could be found is left: the last word about it.
struct terminal_gone {
  static constexpr kind id = kind::terminal_gone;
  kind what = id;
  std::uint32_t number = 0;
};

/// One received frame.
struct packet {
  std::span<const std::byte> bytes;
  std::array<unique_fd, fds_max> fds;
  std::size_t fd_count = 0;
  bool left_unread = false; ///< with `closed`: the peer has not received all that was sent to it
};

/// The kind of a frame; nothing when it is too short for one.
std::optional<kind> kind_of(std::span<const std::byte> bytes) noexcept;

/// The frame as a T; nothing when kind or size differ.
template <class T>
std::optional<T> read_as(std::span<const std::byte> bytes) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T frame;
  if (bytes.size() != sizeof(T) || kind_of(bytes) != T::id)
    return std::nullopt;
  std::memcpy(static_cast<void*>(&frame), bytes.data(), sizeof(T));
  return frame;
}

/// Sends `bytes` and duplicates of `fds`; 0 or an errno. Never raises SIGPIPE; retries EINTR.
int send_bytes(int socket, std::span<const std::byte> bytes, std::span<const int> fds) noexcept;

template <class T>
int send(int socket, const T& frame, std::span<const int> fds = {}) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  return send_bytes(socket, std::as_bytes(std::span(&frame, 1)), fds);
}

enum class receive_status : std::uint8_t { frame, nothing, closed };

/// Receives one frame into `buffer`. `nothing`: would block, or was interrupted. A frame or
/// descriptor list that was cut short counts as `closed`: the peer does not keep the protocol.
receive_status receive(int socket, std::span<std::byte> buffer, packet& into) noexcept;

/// Counts the strings of a command; nothing when a bound is passed, there is no argument or a
/// string holds NUL.
std::optional<string_counts> count_strings(std::span<const std::string> arguments,
                                           std::span<const std::string> environment);

/// Writes the counted strings one after the other.
void write_strings(std::span<const std::string> arguments, std::span<const std::string> environment,
                   std::byte* to);

/// A frame with the strings of a command behind it; nothing when count_strings() refuses them.
template <class T>
std::optional<std::vector<std::byte>> encode_command(T head, std::span<const std::string> arguments,
                                                     std::span<const std::string> environment) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto counts = count_strings(arguments, environment);
  if (!counts)
    return std::nullopt;
  head.texts = *counts;
  std::vector<std::byte> out(sizeof head + counts->bytes);
  std::memcpy(out.data(), &head, sizeof head);
  write_strings(arguments, environment, out.data() + sizeof head);
  return out;
}

/// The pointers of a received command, into the receive buffer.
struct command_strings {
  std::array<char*, strings_max + 2> pointers; ///< argv, null, environment, null
  char** argv = nullptr;
  char** environment = nullptr;
};

/// Points at the strings in `text`; false when they are not as counted.
bool point_at_strings(std::span<std::byte> text, const string_counts& counts,
                      command_strings& strings) noexcept;

/// Takes a frame that encode_command() made apart; false when it is malformed.
template <class T>
bool decode_command(std::span<std::byte> bytes, T& head, command_strings& strings) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof head || kind_of(bytes) != T::id)
    return false;
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  return point_at_strings(bytes.subspan(sizeof head), head.texts, strings);
}

} // namespace coterie::sandbox::wire
