#include "net/router.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace coterie::net {

namespace {

constexpr std::array all_methods = {method::get,   method::head, method::post,   method::put,
                                    method::patch, method::del,  method::options};

bool serves(const route& entry, method verb) {
  return entry.verb == verb || (verb == method::head && entry.verb == method::get);
}

std::string allow_header(const std::array<bool, all_methods.size()>& allowed) {
  std::string out;
  for (std::size_t i = 0; i < all_methods.size(); ++i)
    if (allowed[i]) {
      out += out.empty() ? "" : ", ";
      out += to_string(all_methods[i]);
    }
  return out;
}

/// Whether `path` is `prefix` or lies below it: "/a" covers "/a/b" and not "/ab".
bool is_below(std::string_view path, std::string_view prefix) {
  return path.substr(0, prefix.size()) == prefix
         && (path.size() == prefix.size() || prefix.empty() || prefix.back() == '/'
             || path[prefix.size()] == '/');
}

} // namespace

router::segments router::compile(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/')
    throw std::invalid_argument("route pattern must start with a slash: " + std::string(pattern));
  segments out;
  std::string_view left = pattern;
  while (!left.empty()) {
    left.remove_prefix(1);
    auto text = left.substr(0, left.find('/'));
    left.remove_prefix(text.size());
    auto what = segment::kind::literal;
    if (text.size() > 2 && text.front() == '{' && text.back() == '}') {
      what = segment::kind::name;
      text = text.substr(1, text.size() - 2);
      if (text.ends_with("...")) {
        what = segment::kind::rest;
        text.remove_suffix(3);
      }
    }
    if (what == segment::kind::rest && !left.empty())
      throw std::invalid_argument("{name...} must come last: " + std::string(pattern));
    out.push_back({what, std::string(text)});
  }
  return out;
}

void router::insert(route entry) {
  patterns_.push_back(compile(entry.pattern));
  routes_.push_back(std::move(entry));
}

void router::add(method verb, std::string pattern, handler serve, route_rules rules) {
  insert({verb, std::move(pattern), std::move(serve), std::move(rules)});
}

void router::add_websocket(std::string pattern, ws_handler serve, route_rules rules) {
  insert({method::get, std::move(pattern), std::move(serve), std::move(rules)});
}

void router::set_error_prefix(std::string prefix, error_writer errors) {
  error_prefixes_.emplace_back(std::move(prefix), errors);
}

void router::on_drain(std::function<void()> hook) {
  drain_hooks_.push_back(std::move(hook));
}

void router::begin_drain() const {
  for (const auto& hook : drain_hooks_)
    hook();
}

bool router::matches(const segments& pattern, const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= parts.size())
      return false;
    switch (pattern[i].what) {
    case segment::kind::literal:
      if (parts[i] != pattern[i].text)
        return false;
      break;
    case segment::kind::name:
      if (parts[i].empty())
        return false;
      break;
    case segment::kind::rest:
      return !parts.back().empty();
    }
  }
  return pattern.size() == parts.size();
}

bool router::is_more_literal(const segments& a, const segments& b) {
  return std::lexicographical_compare(
    a.begin(), a.end(), b.begin(), b.end(),
    [](const segment& x, const segment& y) { return x.what < y.what; });
}

std::vector<std::string> router::values_of(const segments& pattern,
                                           const std::vector<std::string>& parts) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].what == segment::kind::literal)
      continue;
    std::string value = parts[i];
    if (pattern[i].what == segment::kind::rest)
      for (std::size_t k = i + 1; k < parts.size(); ++k)
        value += '/' + parts[k];
    out.push_back(std::move(value));
  }
  return out;
}

error_writer router::errors_for(std::string_view path) const {
  error_writer best = native_error;
  std::size_t longest = 0;
  for (const auto& [prefix, errors] : error_prefixes_)
    if (prefix.size() >= longest && is_below(path, prefix)) {
      best = errors;
      longest = prefix.size();
    }
  return best;
}

router::match router::find(std::optional<method> verb, const target& where,
                           bool wants_websocket) const {
  match out;
  out.errors = errors_for(where.path);
  std::array<bool, all_methods.size()> allowed{};
  std::size_t best = routes_.size();
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!matches(patterns_[i], where.parts))
      continue;
    const route& entry = routes_[i];
    if (entry.rules.applies && !entry.rules.applies(values_of(patterns_[i], where.parts)))
      continue;
    if (out.cors == nullptr)
      out.cors = entry.rules.cors;
    if (entry.is_websocket() && !wants_websocket) {
      out.only_websocket = true;
      continue;
    }
    for (std::size_t k = 0; k < all_methods.size(); ++k)
      allowed[k] = allowed[k] || serves(entry, all_methods[k]);
    if (!verb || !serves(entry, *verb))
      continue;
    const auto rank = [&](std::size_t n) { // smaller is better
      return std::pair(wants_websocket && !routes_[n].is_websocket(), routes_[n].verb != *verb);
    };
    const bool better =
      best == routes_.size() || rank(i) < rank(best)
      || (rank(i) == rank(best) && is_more_literal(patterns_[i], patterns_[best]));
    if (better)
      best = i;
  }
  if (best != routes_.size()) {
    out.found = &routes_[best];
    out.path_values = values_of(patterns_[best], where.parts);
    out.errors = out.found->rules.errors;
    out.cors = out.found->rules.cors;
    out.only_websocket = false;
  }
  const bool exists = std::find(allowed.begin(), allowed.end(), true) != allowed.end();
  if (exists || out.only_websocket) {
    allowed[0] = allowed[0] || out.only_websocket;
    allowed.back() = true; // the server itself answers OPTIONS
    out.allow = allow_header(allowed);
  }
  out.only_websocket = out.only_websocket && !exists;
  return out;
}

} // namespace coterie::net
