#include "report.hpp"

#include <cstdio>
#include <type_traits>

namespace yload {

namespace {

/// A JSON object under construction. Names and texts need no escapes.
class json_object {
public:
  template <class Integer>
  requires std::is_integral_v<Integer> json_object& add(const char* name, Integer number) {
    return add_raw(name, std::to_string(number));
  }
  json_object& add(const char* name, double number, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return add_raw(name, text);
  }
  /// With as many digits as it takes.
  json_object& add(const char* name, double number) {
    char text[64];
    std::snprintf(text, sizeof text, "%g", number);
    return add_raw(name, text);
  }
  json_object& add(const char* name, const char* text) {
    return add_raw(name, '"' + std::string(text) + '"');
  }
  json_object& add(const char* name, const json_object& inner) {
    return add_raw(name, inner.text());
  }
  std::string text() const {
    return "{" + fields_ + "}";
  }

private:
  json_object& add_raw(const char* name, const std::string& value) {
    if (!fields_.empty())
      fields_ += ',';
    fields_ += '"' + std::string(name) + "\":" + value;
    return *this;
  }

  std::string fields_;
};

json_object describe_latency(const histogram& latency) {
  json_object out;
  out.add("mean", to_milliseconds(latency.mean()), 3);
  out.add("p50", to_milliseconds(latency.quantile(.5)), 3);
  out.add("p95", to_milliseconds(latency.quantile(.95)), 3);
  out.add("p99", to_milliseconds(latency.quantile(.99)), 3);
  out.add("max", to_milliseconds(latency.max()), 3);
  return out;
}

json_object describe_generator(const options& wanted, const run_figures& found) {
  json_object out;
  out.add("lagP99Ms", to_milliseconds(found.lateness.quantile(.99)), 3);
  out.add("cpuShare", found.generator_cpu_seconds / wanted.seconds, 3);
  return out;
}

json_object describe_server(const options& wanted, const run_figures& found, const tally& counts) {
  const auto millions = static_cast<double>(counts.delivered) / 1e6;
  json_object out;
  out.add("cpuSeconds", found.server_cpu_seconds, 2);
  out.add("cpuShare", found.server_cpu_seconds / wanted.seconds, 3);
  out.add("cpuPerMillionDelivered", millions > 0 ? found.server_cpu_seconds / millions : 0, 3);
  out.add("rssStartMb", found.start.resident_mib, 1);
  out.add("rssEndMb", found.end.resident_mib, 1);
  out.add("rssPeakMb", found.drained.resident_peak_mib, 1);
  return out;
}

} // namespace

std::string report(const options& wanted, const crowd& everybody, const run_figures& found) {
  const auto& counts = everybody.counts();
  const auto per_second = [&](std::uint64_t count) {
    return static_cast<double>(count) / wanted.seconds;
  };
  json_object out;
  out.add("engine", "cpp");
  out.add("rooms", wanted.rooms).add("clients", wanted.clients).add("writers", wanted.writers);
  out.add("rate", wanted.rate).add("chars", wanted.chars).add("seconds", wanted.seconds);
  out.add("connected", found.connected);
  out.add("connectFailed", static_cast<int>(everybody.size()) - found.connected);
  out.add("connectSeconds", found.connect_seconds, 3);
  out.add("disconnects", counts.lost);
  out.add("sent", counts.sent).add("sentPerSec", per_second(counts.sent), 1);
  out.add("deliveredPerSec", per_second(counts.delivered), 1);
  out.add("expected", found.expected).add("delivered", counts.arrived);
  out.add("lost",
          static_cast<std::int64_t>(found.expected) - static_cast<std::int64_t>(counts.arrived));
  out.add("echoes", counts.echoes).add("disorder", counts.out_of_order);
  out.add("framesInPerSec", per_second(counts.frames), 1).add("bytesIn", counts.bytes);
  out.add("acks", counts.acknowledgements).add("awareness", counts.awareness);
  out.add("latencyMs", describe_latency(counts.latency));
  out.add("generator", describe_generator(wanted, found));
  out.add("server", describe_server(wanted, found, counts));
  out.add("foreignCpuShare", found.foreign_cpu_seconds / wanted.seconds, 3);
  return out.text();
}

} // namespace yload
