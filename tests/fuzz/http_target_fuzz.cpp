// Any bytes as a request target: what is accepted holds nothing that a file system could misread.

#include "base/text.hpp"
#include "net/http.hpp"
#include "net/router.hpp"
#include "net/target.hpp"
#include "tests/fuzz/check.hpp"

#include <cstdint>
#include <string_view>

using namespace coterie;
using namespace coterie::net;

namespace {

void check_path(std::string_view path) {
  FUZZ_CHECK(is_utf8(path));
  FUZZ_CHECK(path.find('\0') == std::string_view::npos);
  for (std::size_t from = 0; from <= path.size();) {
    const auto slash = std::min(path.find('/', from), path.size());
    const auto part = path.substr(from, slash - from);
    FUZZ_CHECK(part != "." && part != "..");
    FUZZ_CHECK(!part.empty() || from == 0 || slash == path.size());
    from = slash + 1;
  }
}

const router& routes() {
  static const router instance = [] {
    router out;
    const auto ignore = [](request, const responder_ptr&) {};
    out.add(method::get, "/a/{name}/b", ignore);
    out.add(method::get, "/{rest...}", ignore);
    out.add(method::get, "/{name}/", ignore);
    return out;
  }();
  return instance;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_target(text);
  if (!parsed) {
    FUZZ_CHECK(parsed.why().code == errc::invalid_argument);
    return 0;
  }
  if (text != "*")
    check_path(parsed->path);
  for (const auto& value : routes().find(method::get, *parsed, false).path_values) {
    FUZZ_CHECK(!value.empty());
    check_path(value);
  }
  request ask;
  ask.query = parsed->query;
  for (const char* name : {"a", "token", ""})
    if (const auto value = ask.query_value(name))
      FUZZ_CHECK(value->size() <= parsed->query.size());
  return 0;
}
