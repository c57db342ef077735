#include "crdt/sync_protocol.hpp"

#include "crdt/varint.hpp"

#include <optional>

namespace coterie::crdt {

namespace {

enum frame_type : std::uint64_t {
  type_sync = 0,
  type_awareness = 1,
  type_auth = 2,
  type_query_awareness = 3,
  type_saved = 100,
};

enum sync_kind : std::uint64_t { kind_step1 = 0, kind_step2 = 1, kind_update = 2 };

constexpr std::uint64_t auth_permission_denied = 0;

/// Nothing when the kind is unknown.
std::optional<frame> read_sync(reader& from) {
  const std::uint64_t kind = from.read_varuint();
  const std::string_view content = from.read_byte_string();
  switch (kind) {
  case kind_step1:
    return sync_step1{content};
  case kind_step2:
    return sync_step2{content};
  case kind_update:
    return sync_update{content};
  default:
    return std::nullopt;
  }
}

std::optional<frame> read_frame(reader& from) {
  const std::uint64_t type = from.read_varuint();
  switch (type) {
  case type_sync:
    return read_sync(from);
  case type_awareness:
    return awareness_frame{from.read_byte_string()};
  case type_auth:
    if (from.read_varuint() != auth_permission_denied)
      return unknown_frame{type};
    return permission_denied{from.read_string()};
  case type_query_awareness:
    return query_awareness{};
  case type_saved: {
    const std::string_view vector = from.read_byte_string();
    return saved_frame{vector, from.read_varuint()};
  }
  default:
    return unknown_frame{type};
  }
}

/// Room for what stands before and after `content` in any frame.
writer writer_for(std::string_view content) {
  return writer(content.size() + 24);
}

std::string encode_sync(sync_kind kind, std::string_view content) {
  writer to = writer_for(content);
  to.write_varuint(type_sync);
  to.write_varuint(kind);
  to.write_byte_string(content);
  return to.take();
}

} // namespace

result<frame> decode_frame(std::string_view bytes) {
  reader from(bytes);
  const auto content = read_frame(from);
  if (from.failed())
    return {errc::invalid_argument, "the frame is cut off or malformed"};
  if (!content)
    return {errc::invalid_argument, "the kind of the sync message is unknown"};
  return *content;
}

std::string encode_frame(const sync_step1& content) {
  return encode_sync(kind_step1, content.vector);
}

std::string encode_frame(const sync_step2& content) {
  return encode_sync(kind_step2, content.update);
}

std::string encode_frame(const sync_update& content) {
  return encode_sync(kind_update, content.update);
}

std::string encode_frame(const awareness_frame& content) {
  writer to = writer_for(content.body);
  to.write_varuint(type_awareness);
  to.write_byte_string(content.body);
  return to.take();
}

std::string encode_frame(const permission_denied& content) {
  writer to = writer_for(content.reason);
  to.write_varuint(type_auth);
  to.write_varuint(auth_permission_denied);
  to.write_byte_string(content.reason);
  return to.take();
}

std::string encode_frame(const query_awareness&) {
  writer to;
  to.write_varuint(type_query_awareness);
  return to.take();
}

std::string encode_frame(const saved_frame& content) {
  writer to = writer_for(content.vector);
  to.write_varuint(type_saved);
  to.write_byte_string(content.vector);
  to.write_varuint(content.frames);
  return to.take();
}

} // namespace coterie::crdt
