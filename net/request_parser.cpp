#include "net/request_parser.hpp"

#include "net/target.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

namespace coterie::net {

namespace http = boost::beast::http;

namespace {

// Method and version around a target, generously: a longer first line has too long a target.
constexpr std::size_t request_line_overhead = 64;

refusal bad_request(std::string detail) {
  return {400, {errc::invalid_argument, std::move(detail)}, {}};
}

std::optional<method> to_method(http::verb verb) noexcept {
  switch (verb) {
  case http::verb::get:
    return method::get;
  case http::verb::head:
    return method::head;
  case http::verb::post:
    return method::post;
  case http::verb::put:
    return method::put;
  case http::verb::patch:
    return method::patch;
  case http::verb::delete_:
    return method::del;
  case http::verb::options:
    return method::options;
  default:
    return std::nullopt;
  }
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool has_token(std::string_view list, std::string_view token) {
  return http::token_list(boost::beast::string_view(list.data(), list.size()))
    .exists(boost::beast::string_view(token.data(), token.size()));
}

refusal refusal_of(boost::beast::error_code error) {
  if (error == http::error::bad_version)
    return {505, {errc::unsupported, "only HTTP/1.0 and HTTP/1.1 are served here"}, {}};
  return bad_request("malformed request: " + error.message());
}

} // namespace

struct request_parser::implementation {
  http::request_parser<http::string_body> parser;
};

std::string_view request_head::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key == name)
      return value;
  return {};
}

request_parser::request_parser() : beast_(std::make_unique<implementation>()) {}
request_parser::~request_parser() = default;

std::optional<refusal> request_parser::find_head_end(std::string_view bytes,
                                                     const http_limits& limits,
                                                     std::size_t& scanned, std::size_t& end) {
  constexpr std::string_view empty_line = "\r\n\r\n";
  end = 0;
  const auto line_end = bytes.substr(0, limits.target_bytes_max + request_line_overhead).find('\n');
  if (line_end == std::string_view::npos
      && bytes.size() >= limits.target_bytes_max + request_line_overhead)
    return refusal{414, {errc::too_large, "the request target is too long"}, {}};
  if (!bytes.empty() && !((bytes.front() | 0x20) >= 'a' && (bytes.front() | 0x20) <= 'z'))
    return bad_request("malformed request: no method"); // a TLS greeting, for example
  if (line_end != std::string_view::npos && (line_end == 0 || bytes[line_end - 1] != '\r'))
    return bad_request("malformed request: lines must end with CR LF");
  const auto from = scanned < empty_line.size() ? 0 : scanned - empty_line.size() + 1;
  const auto found = bytes.find(empty_line, from);
  scanned = bytes.size();
  const auto size = found == std::string_view::npos ? bytes.size() : found + empty_line.size();
  if (size > limits.header_bytes_max)
    return refusal{431, {errc::too_large, "the request header is too large"}, {}};
  if (found != std::string_view::npos)
    end = size;
  return std::nullopt;
}

std::optional<refusal> request_parser::parse_head(std::string_view bytes,
                                                  const http_limits& limits) {
  auto& parser = beast_->parser;
  parser.eager(false);
  parser.body_limit(boost::none); // the route decides, once it is known
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max + 1));
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error)
    return refusal_of(error);
  if (!parser.is_header_done())
    return bad_request("malformed request: incomplete header");

  const auto& message = parser.get();
  head_.verb = to_method(message.method());
  head_.target = std::string(message.target());
  if (head_.target.size() > limits.target_bytes_max)
    return refusal{414, {errc::too_large, "the request target is too long"}, {}};
  std::size_t hosts = 0;
  std::size_t transfer_encodings = 0;
  for (const auto& field : message) {
    const std::string_view name(field.name_string().data(), field.name_string().size());
    head_.headers.emplace_back(lower_case(name),
                               std::string(field.value().data(), field.value().size()));
    hosts += field.name() == http::field::host;
    transfer_encodings += field.name() == http::field::transfer_encoding;
  }
  if (head_.headers.size() > limits.header_fields_max)
    return refusal{431, {errc::too_large, "the request has too many header fields"}, {}};
  head_.is_http_1_1 = message.version() == 11;
  if (hosts > 1 || (hosts == 0 && head_.is_http_1_1))
    return bad_request("exactly one Host header is needed"); // RFC 9112, 3.2
  head_.host = head_.header("host");
  if (transfer_encodings > 0) {
    // Only the plain form is unambiguous for every proxy on the way (RFC 9112, 6.1 and 6.3).
    if (!head_.is_http_1_1 || transfer_encodings > 1)
      return bad_request("Transfer-Encoding is ambiguous");
    if (!equals_ignoring_case(head_.header("transfer-encoding"), "chunked"))
      return refusal{501, {errc::unsupported, "the only transfer coding served is chunked"}, {}};
  }
  head_.is_chunked = parser.chunked();
  if (const auto length = parser.content_length())
    head_.content_length = *length;
  head_.keep_alive = parser.keep_alive();
  head_.wants_websocket = head_.is_http_1_1 && message.method() == http::verb::get
                          && has_token(head_.header("connection"), "upgrade")
                          && has_token(head_.header("upgrade"), "websocket");
  return std::nullopt;
}

void request_parser::set_body_limit(std::uint64_t bytes_max) {
  beast_->parser.eager(true);
  beast_->parser.body_limit(bytes_max);
}

request_parser::progress request_parser::feed(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  if (is_complete())
    return progress::complete;
  boost::beast::error_code error;
  if (!bytes.empty())
    consumed = beast_->parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::body_limit)
    return progress::too_large;
  if (error && error != http::error::need_more)
    return progress::malformed;
  return is_complete() ? progress::complete : progress::need_more;
}

void request_parser::drop_body() {
  beast_->parser.get().body().clear();
}

std::string request_parser::take_body() {
  return std::move(beast_->parser.get().body());
}

bool request_parser::is_complete() const noexcept {
  return beast_->parser.is_done();
}

} // namespace coterie::net
