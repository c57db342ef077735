// Any bytes as one y-websocket frame: its parts lie within it, and written again it reads the same.

#include "crdt/sync_protocol.hpp"
#include "tests/fuzz/check.hpp"

#include <cstdint>
#include <string_view>

using namespace coterie::crdt;

namespace {

/// The text part of a frame; empty where there is none.
struct part_of {
  std::string_view operator()(const sync_step1& content) const {
    return content.vector;
  }
  std::string_view operator()(const sync_step2& content) const {
    return content.update;
  }
  std::string_view operator()(const sync_update& content) const {
    return content.update;
  }
  std::string_view operator()(const awareness_frame& content) const {
    return content.body;
  }
  std::string_view operator()(const permission_denied& content) const {
    return content.reason;
  }
  std::string_view operator()(const saved_frame& content) const {
    return content.vector;
  }
  std::string_view operator()(const query_awareness&) const {
    return {};
  }
  std::string_view operator()(const unknown_frame&) const {
    return {};
  }
};

struct encoded {
  template <class T>
  std::string operator()(const T& content) const {
    return encode_frame(content);
  }
  std::string operator()(const unknown_frame&) const {
    return {};
  }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto content = decode_frame(bytes);
  if (!content)
    return 0;
  const auto part = std::visit(part_of{}, *content);
  FUZZ_CHECK(part.size() <= bytes.size());
  FUZZ_CHECK(
    part.empty()
    || (part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size()));
  const std::string again = std::visit(encoded{}, *content);
  if (again.empty())
    return 0;
  FUZZ_CHECK(again.size() <= bytes.size()); // integers may have been longer than they need be
  const auto second = decode_frame(again);
  FUZZ_CHECK(second.has_value());
  FUZZ_CHECK(second->index() == content->index());
  FUZZ_CHECK(std::visit(part_of{}, *second) == part);
  return 0;
}
