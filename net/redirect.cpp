#include "net/redirect.hpp"

#include <algorithm>
#include <utility>

namespace coterie::net {

namespace {

constexpr std::uint16_t https_port = 443;

/// Letters, digits and what names and addresses have besides: nothing that could lead elsewhere.
bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '-' || c == '_' || c == '[' || c == ']' || c == ':';
  });
}

/// "example.org" of "example.org:8080", "[::1]" of "[::1]:8080".
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return host;
  return host.substr(0, colon);
}

std::string escaped(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char plain : path) {
    const auto c = static_cast<unsigned char>(plain);
    const bool is_plain =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
      || std::string_view("/-._~!$&'()*+,;=:@").find(plain) != std::string_view::npos;
    if (is_plain) {
      out += plain;
    } else {
      out += '%';
      out += digits[c >> 4U];
      out += digits[c & 15U];
    }
  }
  return out;
}

} // namespace

router redirect_routes(std::string base_url, std::uint16_t port) {
  const auto answer = [base_url = std::move(base_url), port](const request& from,
                                                             const responder_ptr& reply) {
    auto base = base_url;
    if (base.empty()) {
      const auto host = without_port(from.header("host"));
      if (!is_host(host))
        return reply->fail({errc::invalid_argument, "The Host header names no host."});
      base = "https://" + std::string(host);
      if (port != https_port)
        base += ":" + std::to_string(port);
    }
    response moved;
    moved.status = 308;
    moved.headers.emplace_back("Location", base + escaped(from.path)
                                             + (from.query.empty() ? "" : "?" + from.query));
    reply->send(std::move(moved));
  };
  router routes;
  const route_rules rules{.media_types = {}, .label = "redirect", .needs = access::open};
  for (const auto verb : {method::get, method::post, method::put, method::patch, method::del})
    for (const auto* pattern : {"/", "/{path...}"})
      routes.add(verb, pattern, answer, rules);
  return routes;
}

} // namespace coterie::net
