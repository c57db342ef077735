#include "net/target.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace coterie::net {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool has_control_character(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// What is wrong with one decoded part; empty when nothing is. A part may hold slashes that came
/// as %2F: each piece between them is held to the same rules.
std::string_view complaint_about(std::string_view part) noexcept {
  if (has_control_character(part))
    return "path must not contain control characters";
  if (!is_utf8(part))
    return "path must be UTF-8";
  for (;;) {
    const auto slash = part.find('/');
    const auto piece = part.substr(0, slash);
    if (piece == "." || piece == "..")
      return "path must not contain \".\" or \"..\"";
    if (piece.empty())
      return "path must not have empty parts";
    if (slash == std::string_view::npos)
      return {};
    part.remove_prefix(slash + 1);
  }
}

/// The path and query of a target in absolute form; `text` itself in origin form.
std::string_view without_authority(std::string_view text) noexcept {
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"})
    if (equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
      const auto path = text.find_first_of("/?", scheme.size());
      return path == std::string_view::npos ? std::string_view("/") : text.substr(path);
    }
  return text;
}

} // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> percent_decode(std::string_view text, plus_sign plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == plus_sign::is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3)
        return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0)
        return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

result<target> parse_target(std::string_view text) {
  target out;
  if (text == "*") {
    out.path = "*";
    return out;
  }
  text = without_authority(text);
  const auto question = text.find('?');
  auto path = text.substr(0, question);
  if (question != std::string_view::npos)
    out.query = text.substr(question + 1);
  if (has_control_character(out.query))
    return {errc::invalid_argument, "query must not contain control characters"};
  if (path.empty() && question == 0)
    path = "/"; // absolute form without a path
  if (path.empty() || path.front() != '/')
    return {errc::invalid_argument, "path must start with a slash"};
  if (text.find('#') != std::string_view::npos)
    return {errc::invalid_argument, "path must not contain a fragment"};
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const auto raw = path.substr(0, path.find('/'));
    path.remove_prefix(raw.size());
    auto part = percent_decode(raw, plus_sign::is_itself);
    if (!part)
      return {errc::invalid_argument, "path has a broken percent-encoding"};
    const bool is_last = path.empty();
    if (!(is_last && part->empty()))
      if (const auto complaint = complaint_about(*part); !complaint.empty())
        return {errc::invalid_argument, std::string(complaint)};
    out.path += '/';
    out.path += *part;
    out.parts.push_back(std::move(*part));
  }
  return out;
}

} // namespace coterie::net
