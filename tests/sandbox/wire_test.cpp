#define CAF_SUITE wire

#include "sandbox/wire.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <set>

using namespace coterie::sandbox;

namespace {

using texts = std::vector<std::string>;

struct pair {
  unique_fd left;
  unique_fd right;
  pair() {
    int ends[2];
    REQUIRE_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    left.reset(ends[0]);
    right.reset(ends[1]);
  }
};

auto encode(const texts& arguments, const texts& environment) {
  return wire::encode_command(wire::run_program{}, arguments, environment);
}

auto decode(std::vector<std::byte> bytes, wire::run_program& head) {
  wire::command_strings strings;
  return wire::decode_command(bytes, head, strings);
}

} // namespace

SCENARIO("a frame arrives whole, with its descriptors") {
  pair ends;
  const unique_fd file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const int sent[] = {file.get(), file.get()};
  REQUIRE_EQ(wire::send(ends.left.get(), wire::born{.pid = 77}, sent), 0);
  alignas(16) std::byte buffer[256];
  wire::packet frame;
  REQUIRE(wire::receive(ends.right.get(), buffer, frame) == wire::receive_status::frame);
  CHECK_EQ(frame.fd_count, 2u);
  CHECK(::fcntl(frame.fds[0].get(), F_GETFD) & FD_CLOEXEC);
  const auto born = wire::read_as<wire::born>(frame.bytes);
  REQUIRE(born);
  CHECK_EQ(born->pid, 77);
  CHECK(!wire::read_as<wire::ready>(frame.bytes));
  CHECK(wire::receive(ends.right.get(), buffer, frame) == wire::receive_status::nothing);
}

SCENARIO("a frame that is too long for its reader counts as a broken peer") {
  pair ends;
  REQUIRE_EQ(wire::send(ends.left.get(), wire::finished{}), 0);
  alignas(16) std::byte buffer[8];
  wire::packet frame;
  CHECK(wire::receive(ends.right.get(), buffer, frame) == wire::receive_status::closed);
  ends.left.reset();
  CHECK(wire::receive(ends.right.get(), buffer, frame) == wire::receive_status::closed);
}

SCENARIO("arguments and environment survive the way to pid 1") {
  const texts arguments{"prog", "", "two words", "\n\xff"};
  const texts environment{"A=1", "B="};
  wire::run_program sent;
  sent.limits.open_files = 9;
  auto bytes = wire::encode_command(sent, arguments, environment);
  REQUIRE(bytes);
  wire::run_program head;
  wire::command_strings strings;
  REQUIRE(wire::decode_command(*bytes, head, strings));
  CHECK_EQ(head.limits.open_files, 9u);
  texts got;
  for (char** at = strings.argv; *at; ++at)
    got.emplace_back(*at);
  CHECK_EQ(got, arguments);
  got.clear();
  for (char** at = strings.environment; *at; ++at)
    got.emplace_back(*at);
  CHECK_EQ(got, environment);
}

SCENARIO("a program without environment gets an empty list") {
  auto bytes = encode(texts{"prog"}, texts{});
  REQUIRE(bytes);
  wire::run_program head;
  wire::command_strings strings;
  REQUIRE(wire::decode_command(*bytes, head, strings));
  CHECK(strings.argv[1] == nullptr);
  CHECK(strings.environment[0] == nullptr);
}

SCENARIO("what cannot be passed to execve is not sent") {
  CHECK(!encode(texts{}, texts{}));
  CHECK(!encode(texts{std::string("a\0b", 3)}, texts{}));
  CHECK(!encode(texts{"a", std::string(wire::strings_bytes_max, 'x')}, texts{}));
  CHECK(!encode(texts(wire::strings_max + 1, "x"), texts{}));
  CHECK(encode(texts(wire::strings_max, "x"), texts{}).has_value());
}

SCENARIO("malformed run frames are refused") {
  const auto encoded = encode(texts{"prog", "x"}, texts{"A=1"});
  REQUIRE(encoded);
  const std::vector<std::byte> good = *encoded;
  REQUIRE(good.size() > sizeof(wire::run_program));
  wire::run_program head;
  REQUIRE(decode(good, head));
  CHECK(!decode({good.begin(), good.end() - 1}, head));
  auto unterminated = good;
  unterminated[good.size() - 1] = std::byte{'x'};
  CHECK(!decode(unterminated, head));
  const auto with = [&](auto change) {
    auto bytes = good;
    wire::run_program changed;
    std::memcpy(static_cast<void*>(&changed), bytes.data(), sizeof changed);
    change(changed);
    std::memcpy(bytes.data(), &changed, sizeof changed);
    return bytes;
  };
  CHECK(!decode(with([](auto& h) { h.texts.arguments = 0; }), head));
  CHECK(!decode(with([](auto& h) { h.texts.arguments = 4; }), head));
  CHECK(!decode(with([](auto& h) { h.texts.strings = 2; }), head));
  CHECK(!decode(with([](auto& h) { h.texts.strings = 4; }), head));
  CHECK(!decode(with([](auto& h) { h.texts.strings = wire::strings_max + 1; }), head));
  CHECK(!decode(with([](auto& h) { h.what = wire::kind::ready; }), head));
  CHECK(!decode({}, head));
}

SCENARIO("a command can follow more than one kind of frame, each only as itself") {
  wire::open_terminal sent;
  sent.number = 7;
  sent.rows = 24;
  sent.columns = 80;
  sent.limits.open_files = 9;
  auto bytes = wire::encode_command(sent, texts{"bash", "-l"}, texts{"TERM=x"});
  REQUIRE(bytes);
  wire::open_terminal head;
  wire::command_strings strings;
  REQUIRE(wire::decode_command(*bytes, head, strings));
  CHECK_EQ(head.number, 7u);
  CHECK_EQ(head.rows, 24u);
  CHECK_EQ(head.columns, 80u);
  CHECK_EQ(head.limits.open_files, 9u);
  CHECK_EQ(std::string(strings.argv[1]), "-l");
  CHECK_EQ(std::string(strings.environment[0]), "TERM=x");
  wire::run_program other;
  CHECK(!wire::decode_command(*bytes, other, strings));
  bytes->pop_back();
  CHECK(!wire::decode_command(*bytes, head, strings));
}

SCENARIO("every step that can fail has a name of its own") {
  std::set<std::string_view> names;
  const auto last = static_cast<std::uint32_t>(wire::step::controlling_terminal);
  for (std::uint32_t at = 0; at <= last; ++at)
    CHECK(names.insert(wire::to_string(static_cast<wire::step>(at))).second);
  CHECK(!names.count("an unknown step"));
  CHECK_EQ(wire::to_string(static_cast<wire::step>(last + 1)), "an unknown step");
}
