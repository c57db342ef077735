// Merging, diffing and measuring updates without a document.

#include "crdt/update.hpp"

#include "crdt/decoded_update.hpp"

#include <algorithm>
#include <map>

namespace coterie::crdt {

namespace {

/// Writes the structs of one client as they come, joining runs that continue each other.
class block_writer {
public:
  explicit block_writer(client_id client) : client_(client) {}

  void add(const decoded_struct& what) {
    if (continues(what)) {
      run_.length += what.length;
      if (what.starts_within_pair)
        pieces_.push_back(replacement);
      pieces_.push_back(what.content);
      return;
    }
    flush();
    run_ = what;
    has_run_ = true;
  }

  /// Block header and structs; nothing when there was none.
  bool finish(writer& to, unit_clock first_clock) {
    flush();
    if (count_ == 0)
      return false;
    to.write_varuint(count_);
    to.write_varuint(client_);
    to.write_varuint(first_clock);
    to.write_bytes(out_.view());
    return true;
  }

private:
  static constexpr std::string_view replacement = "\xef\xbf\xbd";

  bool continues(const decoded_struct& what) const {
    if (!has_run_ || run_.kind != what.kind || run_.end() != what.clock)
      return false;
    if (!what.is_item())
      return true;
    return is_joinable(what.kind) && !run_.has_key && !what.has_key && what.has_origin
           && what.origin == unit_id{client_, what.clock - 1}
           && run_.has_right_origin == what.has_right_origin
           && (!what.has_right_origin || run_.right_origin == what.right_origin);
  }

  void flush() {
    if (!has_run_)
      return;
    std::string joined;
    if (!pieces_.empty()) {
      joined = run_.content;
      for (const auto piece : pieces_)
        joined += piece;
      run_.content = joined;
      pieces_.clear();
    }
    write_struct(out_, run_);
    ++count_;
    has_run_ = false;
  }

  client_id client_;
  writer out_;
  std::uint64_t count_ = 0;
  decoded_struct run_;
  bool has_run_ = false;
  std::vector<std::string_view> pieces_;
};

/// The structs of one client in clock order, Skips left out: they carry nothing.
using client_structs = std::vector<const decoded_struct*>;

template <class Visit>
void for_each_client(const decoded_update& in, Visit&& visit) {
  client_structs structs;
  for (std::size_t i = 0; i < in.blocks.size(); ++i) {
    const auto& block = in.blocks[i];
    for (std::uint32_t k = 0; k < block.count; ++k)
      if (const auto& what = in.structs[block.first + k]; what.kind != content_kind::skip)
        structs.push_back(&what);
    if (i + 1 < in.blocks.size() && in.blocks[i + 1].client == block.client)
      continue;
    const auto earlier = [](const decoded_struct* a, const decoded_struct* b) {
      if (a->clock != b->clock)
        return a->clock < b->clock;
      return a->length != b->length ? a->length > b->length : a < b; // all are in one array
    };
    if (!std::is_sorted(structs.begin(), structs.end(), earlier))
      std::sort(structs.begin(), structs.end(), earlier);
    visit(block.client, structs);
    structs.clear();
  }
}

void write_deletes(writer& to, std::vector<delete_range> ranges) {
  const auto earlier = [](const delete_range& a, const delete_range& b) {
    return a.client != b.client ? a.client > b.client : a.clock < b.clock;
  };
  std::sort(ranges.begin(), ranges.end(), earlier);
  writer out;
  std::uint64_t clients = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs; // first unit and end
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto& range = ranges[i];
    const std::uint64_t end = std::uint64_t{range.clock} + range.length;
    if (!runs.empty() && runs.back().second >= range.clock)
      runs.back().second = std::max(runs.back().second, end);
    else
      runs.emplace_back(range.clock, end);
    if (i + 1 < ranges.size() && ranges[i + 1].client == range.client)
      continue;
    out.write_varuint(range.client);
    out.write_varuint(runs.size());
    for (const auto& [first, last] : runs) {
      out.write_varuint(first);
      out.write_varuint(last - first);
    }
    runs.clear();
    ++clients;
  }
  to.write_varuint(clients);
  to.write_bytes(out.view());
}

std::string write_beyond(const decoded_update& in, const state_vector& known) {
  writer blocks;
  std::uint64_t count = 0;
  for_each_client(in, [&](client_id client, const client_structs& structs) {
    const auto found = known.find(client);
    std::uint64_t end = found == known.end() ? 0 : std::min(found->second, units_per_client_max);
    block_writer block(client);
    std::optional<unit_clock> first;
    for (const auto* what : structs) {
      if (what->end() <= end)
        continue;
      if (first && what->clock > end) {
        decoded_struct hole;
        hole.kind = content_kind::skip;
        hole.clock = static_cast<unit_clock>(end);
        hole.length = what->clock - hole.clock;
        block.add(hole);
      }
      if (what->clock < end)
        block.add(without_front(client, *what, static_cast<unit_clock>(end - what->clock)));
      else
        block.add(*what);
      if (!first)
        first = static_cast<unit_clock>(std::max<std::uint64_t>(end, what->clock));
      end = what->end();
    }
    count += block.finish(blocks, first.value_or(0)) ? 1U : 0U;
  });
  writer out;
  out.write_varuint(count);
  out.write_bytes(blocks.view());
  write_deletes(out, in.deletes);
  return out.take();
}

} // namespace

result<std::string> merge_updates(std::span<const std::string_view> updates) {
  decoded_update all;
  for (const auto update : updates)
    if (auto decoded = decode_more(update, all); !decoded)
      return std::move(decoded).why();
  all.sort_blocks();
  return write_beyond(all, {});
}

result<std::string> diff_update(std::string_view update, std::string_view known) {
  auto vector = decode_state_vector(known);
  if (!vector)
    return std::move(vector).why();
  decoded_update decoded;
  if (auto good = decode_update(update, decoded); !good)
    return std::move(good).why();
  return write_beyond(decoded, *vector);
}

result<std::string> encode_state_vector_from_update(std::string_view update) {
  decoded_update decoded;
  if (auto good = decode_update(update, decoded); !good)
    return std::move(good).why();
  state_vector vector;
  for_each_client(decoded, [&](client_id client, const client_structs& structs) {
    std::uint64_t end = 0;
    for (const auto* what : structs) {
      if (what->clock > end)
        break;
      end = std::max<std::uint64_t>(end, what->end());
    }
    if (end > 0)
      vector[client] = end;
  });
  return encode_state_vector(vector);
}

result<update_range> measure_update(std::string_view update) {
  decoded_update decoded;
  if (auto good = decode_update(update, decoded); !good)
    return std::move(good).why();
  update_range range;
  for (const auto& block : decoded.blocks) {
    const auto& first = decoded.structs[block.first];
    const auto& last = decoded.structs[block.first + block.count - 1];
    auto [from, is_new] = range.from.try_emplace(block.client, first.clock);
    if (!is_new)
      from->second = std::min<std::uint64_t>(from->second, first.clock);
    auto& to = range.to[block.client];
    to = std::max<std::uint64_t>(to, last.end());
  }
  return range;
}

result<void> check_update(std::string_view update) {
  decoded_update decoded;
  return decode_update(update, decoded);
}

} // namespace coterie::crdt
