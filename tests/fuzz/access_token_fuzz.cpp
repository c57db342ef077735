// Any bytes as an access token, and any bytes as the claims of one that is signed with our secret:
// the first is never taken, the second may be.

#include "net/token_issuer.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/net_api/jwt_maker.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using namespace coterie;
using namespace coterie::net;

namespace {

constexpr timestamp now{std::chrono::milliseconds{1'700'000'000'000}};
const std::string secret(32, 's');

const token_issuer& issuer() {
  static const token_issuer instance({.secret = secret}, nullptr);
  return instance;
}

void check_refusal(const failure& why) {
  FUZZ_CHECK(why.code == errc::invalid_token || why.code == errc::token_expired);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto raw = issuer().verify(text, now);
  FUZZ_CHECK(!raw);
  check_refusal(raw.why());
  const auto with_claims = issuer().verify(testing::signed_token(text, secret), now);
  if (!with_claims)
    check_refusal(with_claims.why());
  else
    FUZZ_CHECK(text.find('{') != std::string_view::npos); // escapes may hide all the rest
  return 0;
}
