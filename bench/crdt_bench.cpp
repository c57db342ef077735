// One case of bench/crdt_bench.mjs for our own document: reads the inputs that the driver made,
// repeats the case and prints one line of JSON with its times.
//
//   bench_crdt <case> <folder of inputs> <repetitions>
//
// The first repetition warms up and is not counted, unless one takes more than 5 s.

#include "crdt/doc.hpp"
#include "crdt/update.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>
#include <sys/resource.h>

using namespace coterie::crdt;

namespace {

constexpr double slow_ms = 5000;

std::string folder;

[[noreturn]] void fail(std::string_view why) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
  std::exit(1);
}

/// Milliseconds of some clock.
double wall_ms() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

/// Milliseconds of CPU that this process has used.
double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1000 + static_cast<double>(t.tv_usec) / 1000;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// -- inputs -------------------------------------------------------------------------------------

std::string read_file(const std::string& name) {
  std::ifstream file(folder + "/" + name, std::ios::binary);
  if (!file)
    fail("cannot read " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint32_t take_u32(std::string_view& from) {
  if (from.size() < 4)
    fail("an input ends early");
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(from[i]);
  from.remove_prefix(4);
  return value;
}

std::string take_bytes(std::string_view& from) {
  const auto length = take_u32(from);
  if (from.size() < length)
    fail("an input ends early");
  std::string out(from.substr(0, length));
  from.remove_prefix(length);
  return out;
}

/// A list of byte strings, each after its length in four bytes, lowest first.
std::vector<std::string> read_list(const std::string& name) {
  const auto bytes = read_file(name);
  std::string_view rest = bytes;
  std::vector<std::string> out;
  while (!rest.empty())
    out.push_back(take_bytes(rest));
  return out;
}

struct text_step {
  std::uint32_t index = 0;
  std::uint32_t removed = 0;
  std::string inserted;
};

std::vector<text_step> read_steps() {
  const auto bytes = read_file("steps");
  std::string_view rest = bytes;
  std::vector<text_step> out;
  while (!rest.empty()) {
    text_step step;
    step.index = take_u32(rest);
    step.removed = take_u32(rest);
    step.inserted = take_bytes(rest);
    out.push_back(std::move(step));
  }
  return out;
}

// -- doing things -------------------------------------------------------------------------------

doc replica(client_id client = 9) {
  doc_options options;
  options.client = client;
  return doc(options);
}

std::size_t feed(doc& to, std::string_view update) {
  const auto taken = to.apply_update(update);
  if (!taken)
    fail(taken.why().detail);
  return taken->relay.size();
}

doc loaded(const std::vector<std::string>& updates) {
  auto out = replica();
  for (const auto& update : updates)
    feed(out, update);
  return out;
}

void play(transaction& edit, shared_type text, const text_step& step) {
  if (step.removed > 0 && !edit.remove(text, step.index, step.removed))
    fail("a removal was refused");
  if (!step.inserted.empty() && !edit.insert_text(text, step.index, step.inserted))
    fail("an insertion was refused");
}

/// What one repetition gives.
struct sample {
  double wall = 0;
  double cpu = 0;
  std::size_t bytes = 0;              ///< that came out
  std::vector<double> latencies = {}; ///< of each operation, in milliseconds
};

template <class F>
sample timed(F body) {
  sample out;
  const double cpu = cpu_ms();
  const double wall = wall_ms();
  out.bytes = body();
  out.wall = wall_ms() - wall;
  out.cpu = cpu_ms() - cpu;
  return out;
}

/// A case: how many operations one repetition has, and the repetition.
struct measured {
  std::size_t operations = 1;
  std::function<sample()> once;
};

using bench_case = std::function<measured()>;

measured local_edits(bool is_one_transaction) {
  const auto steps = read_steps();
  const auto end = read_file("end");
  return {steps.size(), [=] {
            auto d = replica(1);
            const auto text = d.root("text");
            const auto out = timed([&] {
              std::size_t bytes = 0;
              if (is_one_transaction)
                return d
                  .transact([&](transaction& edit) {
                    for (const auto& step : steps)
                      play(edit, text, step);
                  })
                  .size();
              for (const auto& step : steps)
                bytes += d.transact([&](transaction& edit) { play(edit, text, step); }).size();
              return bytes;
            });
            if (text.to_string() != end)
              fail("the text differs");
            return out;
          }};
}

/// Updates one by one into what `base` holds, with the bytes to relay.
measured remote_updates(const std::vector<std::string>& base,
                        const std::vector<std::string>& updates) {
  return {updates.size(), [=] {
            auto d = loaded(base);
            std::vector<double> latencies(updates.size());
            auto out = timed([&] {
              std::size_t bytes = 0;
              for (std::size_t i = 0; i < updates.size(); ++i) {
                const double begin = wall_ms();
                bytes += feed(d, updates[i]);
                latencies[i] = wall_ms() - begin;
              }
              return bytes;
            });
            out.latencies = std::move(latencies);
            return out;
          }};
}

measured load(const std::string& state) {
  return {1, [=] {
            auto d = replica();
            return timed([&] { return feed(d, state); });
          }};
}

measured reading(const std::vector<std::string>& base, std::size_t times,
                 const std::function<std::size_t(doc&)>& read) {
  const auto d = std::make_shared<doc>(loaded(base));
  return {times, [=] {
            return timed([&] {
              std::size_t bytes = 0;
              for (std::size_t i = 0; i < times; ++i)
                bytes = read(*d);
              return bytes;
            });
          }};
}

measured merging(const std::vector<std::string>& updates) {
  return {updates.size(), [=] {
            const std::vector<std::string_view> views(updates.begin(), updates.end());
            return timed([&] {
              const auto merged = merge_updates(views);
              if (!merged)
                fail(merged.why().detail);
              return merged->size();
            });
          }};
}

std::vector<std::string> joined(std::vector<std::string> first,
                                const std::vector<std::string>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

std::string state_of(const std::vector<std::string>& updates) {
  return loaded(updates).encode_state_as_update();
}

std::vector<std::string> first_of(std::vector<std::string> list, std::size_t count) {
  list.resize(std::min(count, list.size()));
  return list;
}

std::size_t encode(doc& d) {
  return d.encode_state_as_update().size();
}

const std::map<std::string, bench_case>& cases() {
  static const std::map<std::string, bench_case> all{
    {"local", [] { return local_edits(false); }},
    {"local_one", [] { return local_edits(true); }},
    {"log", [] { return remote_updates({}, read_list("log")); }},
    {"tiny", [] { return remote_updates({read_list("state")[0]}, read_list("tiny")); }},
    {"tiny_empty", [] { return remote_updates({}, read_list("tiny_empty")); }},
    {"room", [] { return remote_updates(read_list("room_base"), read_list("room")); }},
    {"strangers", [] { return remote_updates({}, read_list("strangers")); }},
    {"fragmented", [] { return load(read_list("fragmented")[0]); }},
    {"load", [] { return load(read_list("state")[0]); }},
    {"load_room", [] { return load(state_of(joined(read_list("room_base"), read_list("room")))); }},
    {"encode", [] { return reading({read_list("state")[0]}, 1, encode); }},
    {"encode_room",
     [] { return reading(joined(read_list("room_base"), read_list("room")), 1, encode); }},
    {"diff",
     [] {
       const auto known = decode_state_vector(read_list("state")[1]);
       if (!known)
         fail("no vector");
       return reading({read_list("state")[0]}, 1, [vector = *known](doc& d) {
         return d.encode_state_as_update(vector).size();
       });
     }},
    {"vector",
     [] {
       return reading({read_list("state")[0]}, 1000,
                      [](doc& d) { return d.encode_state_vector().size(); });
     }},
    {"text",
     [] {
       return reading({read_list("state")[0]}, 1,
                      [](doc& d) { return d.root("text").to_string().size(); });
     }},
    {"merge_1k", [] { return merging(first_of(read_list("tiny"), 1000)); }},
    {"merge_10k", [] { return merging(read_list("tiny")); }},
    {"merge_20k", [] { return merging(joined(read_list("tiny"), read_list("tiny_more"))); }},
    {"merge_room", [] { return merging(read_list("room")); }},
  };
  return all;
}

// -- memory -------------------------------------------------------------------------------------

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// Many documents of one state, and what each takes.
void measure_memory(const std::string& state, std::size_t count) {
  std::vector<doc> kept;
  kept.reserve(count);
  const auto before = heap_bytes();
  for (std::size_t i = 0; i < count; ++i) {
    kept.push_back(replica(9 + i));
    feed(kept.back(), state);
  }
  const auto each = static_cast<double>(heap_bytes() - before) / static_cast<double>(count);
  std::printf("{\"memory\":%.0f,\"own_count\":%zu,\"structs\":%zu,\"bytes\":%zu}\n", each,
              kept[0].usage().memory_bytes, kept[0].usage().structs, state.size());
}

/// One document that lived through all updates, not loaded afterwards.
void measure_lived(const std::vector<std::string>& updates) {
  constexpr std::size_t count = 10;
  std::vector<doc> kept;
  kept.reserve(count);
  const auto before = heap_bytes();
  for (std::size_t i = 0; i < count; ++i)
    kept.push_back(loaded(updates));
  const auto each = static_cast<double>(heap_bytes() - before) / count;
  std::printf("{\"memory\":%.0f,\"own_count\":%zu,\"structs\":%zu,\"bytes\":%zu}\n", each,
              kept[0].usage().memory_bytes, kept[0].usage().structs, encode(kept[0]));
}

bool measure_memory(std::string_view name) {
  if (name == "memory_fresh")
    measure_memory(read_list("room_base")[0], 2000);
  else if (name == "memory_room")
    measure_memory(state_of(joined(read_list("room_base"), read_list("room"))), 100);
  else if (name == "memory_room_lived")
    measure_lived(joined(read_list("room_base"), read_list("room")));
  else if (name == "memory_trace")
    measure_memory(read_list("state")[0], 8);
  else
    return false;
  return true;
}

// -- reporting ----------------------------------------------------------------------------------

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(last * share)];
}

void report(const measured& what, const std::vector<sample>& samples) {
  std::vector<double> wall;
  std::vector<double> cpu;
  for (const auto& s : samples) {
    wall.push_back(s.wall);
    cpu.push_back(s.cpu);
  }
  std::printf("{\"ops\":%zu,\"n\":%zu,\"median\":%.4f,\"min\":%.4f,\"max\":%.4f,\"cpu\":%.4f,"
              "\"bytes\":%zu",
              what.operations, samples.size(), at_share(wall, 0.5), at_share(wall, 0),
              at_share(wall, 1), at_share(cpu, 0.5), samples.back().bytes);
  if (const auto& l = samples.back().latencies; !l.empty())
    std::printf(",\"p50us\":%.3f,\"p99us\":%.3f,\"maxus\":%.1f", at_share(l, 0.5) * 1000,
                at_share(l, 0.99) * 1000, at_share(l, 1) * 1000);
  std::printf("}\n");
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4)
    fail("usage: bench_crdt CASE FOLDER REPETITIONS");
  folder = argv[2];
  if (measure_memory(argv[1]))
    return 0;
  const auto found = cases().find(argv[1]);
  if (found == cases().end())
    fail("no such case");
  const auto what = found->second();
  const auto repetitions = std::strtoul(argv[3], nullptr, 10);
  std::vector<sample> samples;
  for (bool is_first = true; samples.size() < repetitions; is_first = false) {
    auto s = what.once();
    const bool is_slow = s.wall > slow_ms;
    if (!is_first || is_slow)
      samples.push_back(std::move(s));
    if (is_slow && samples.size() >= 3)
      break;
  }
  report(what, samples);
  return 0;
}
