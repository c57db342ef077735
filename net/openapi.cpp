#include "net/openapi.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <cctype>
#include <string>

namespace coterie::net {

namespace json = boost::json;

namespace {

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

std::string text_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : escape_html({text->data(), text->size()});
}

/// One row per operation: method, path, summary, statuses.
std::string operation_row(std::string_view path, std::string_view verb, const json::object& what) {
  std::string statuses;
  if (const auto* responses = what.if_contains("responses"))
    for (const auto& [status, description] : responses->as_object())
      statuses += std::string(statuses.empty() ? "" : " ") + std::string(status);
  std::string name;
  for (const char c : verb)
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return "<tr><td>" + name + "<td><code>" + escape_html(path) + "</code><td>"
         + text_of(what, "summary") + "<td>" + escape_html(statuses) + "\n";
}

std::string make_docs_page() {
  const auto document = json::parse(openapi_document()).as_object();
  const auto& info = document.at("info").as_object();
  std::string page =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>"
    + text_of(info, "title")
    + "</title><style>"
      "body{font:16px/1.5 system-ui;max-width:64rem;margin:2rem auto;padding:0 1rem}"
      "td{padding:.2rem .8rem .2rem 0;vertical-align:top}</style><h1>"
    + text_of(info, "title") + "</h1><p>" + text_of(info, "description")
    + "<p>Machine-readable: <a href=\"/openapi.json\">openapi.json</a><table>\n";
  for (const auto& [path, operations] : document.at("paths").as_object())
    for (const auto& [verb, what] : operations.as_object())
      page += operation_row(path, verb, what.as_object());
  return page + "</table></html>\n";
}

} // namespace

void add_openapi(router& routes) {
  const route_rules rules{.needs = access::open};
  routes.add(
    method::get, "/openapi.json",
    [](const request&, const responder_ptr& reply) {
      response answer;
      answer.body = openapi_document();
      reply->send(std::move(answer));
    },
    rules);
  routes.add(
    method::get, "/docs",
    [page = make_docs_page()](const request&, const responder_ptr& reply) {
      response answer;
      answer.content_type = "text/html; charset=utf-8";
      answer.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; style-src 'unsafe-inline'");
      answer.body = page;
      reply->send(std::move(answer));
    },
    rules);
}

} // namespace coterie::net
