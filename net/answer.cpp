#include "net/answer.hpp"

#include <algorithm>

namespace coterie::net {

namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  out += "\r\n";
}

std::string with_charset(const std::string& content_type) {
  const bool is_text = content_type == "application/json" || content_type.starts_with("text/");
  if (is_text && content_type.find("charset") == std::string::npos)
    return content_type + "; charset=utf-8";
  return content_type;
}

} // namespace

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
  case 101:
    return "Switching Protocols";
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 206:
    return "Partial Content";
  case 301:
    return "Moved Permanently";
  case 302:
    return "Found";
  case 303:
    return "See Other";
  case 304:
    return "Not Modified";
  case 307:
    return "Temporary Redirect";
  case 308:
    return "Permanent Redirect";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 406:
    return "Not Acceptable";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 410:
    return "Gone";
  case 412:
    return "Precondition Failed";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 415:
    return "Unsupported Media Type";
  case 416:
    return "Range Not Satisfiable";
  case 417:
    return "Expectation Failed";
  case 422:
    return "Unprocessable Content";
  case 426:
    return "Upgrade Required";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Unknown";
  }
}

bool is_bodiless(unsigned status) noexcept {
  return status / 100 == 1 || status == 204 || status == 304;
}

std::string response_head(const response& answer, std::string_view request_id, bool keep_alive,
                          const header_list& further) {
  std::string out;
  out.reserve(512);
  out += "HTTP/1.1 ";
  out += std::to_string(answer.status);
  out += ' ';
  out += reason_phrase(answer.status);
  out += "\r\n";
  if (!is_bodiless(answer.status)) {
    if (!answer.body.empty())
      append_header(out, "Content-Type", with_charset(answer.content_type));
    append_header(out, "Content-Length", std::to_string(answer.body.size()));
  }
  if (!request_id.empty())
    append_header(out, "X-Request-Id", request_id);
  append_header(out, "X-Content-Type-Options", "nosniff");
  const auto has = [&answer](std::string_view name) {
    return std::ranges::any_of(answer.headers,
                               [name](const auto& line) { return line.first == name; });
  };
  if (!has("X-Frame-Options"))
    append_header(out, "X-Frame-Options", "DENY");
  append_header(out, "Referrer-Policy", "same-origin"); // paths name rooms
  if (answer.content_type.starts_with("text/html") && !has("Content-Security-Policy"))
    append_header(out, "Content-Security-Policy",
                  "base-uri 'self'; object-src 'none'; frame-ancestors 'self'");
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : further)
    append_header(out, name, value);
  for (const auto& [name, value] : answer.headers)
    append_header(out, name, value);
  out += "\r\n";
  return out;
}

} // namespace coterie::net
