#pragma once

// Languages and requests for the tests of the execution actors.

#include "actors/run.hpp"
#include "config/languages.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace coterie::testing {

/// "plain" runs its main file; "built" compiles first.
inline std::shared_ptr<const config::language_table> test_languages() {
  static const auto table = [] {
    auto made = std::make_shared<config::language_table>();
    const auto merged = made->merge(R"({"languages": [
      {"name": "plain", "title": "Plain", "extensions": ["txt"], "main_file": "main.txt",
       "hello": "hello", "run": {"argv": ["run", "{file}", "{args}"], "env": ["A=b"],
       "limits": {"wall_ms": 5000}, "ceiling": {"wall_ms": 8000}}},
      {"name": "built", "title": "Built", "extensions": ["src"], "main_file": "main.src",
       "hello": "hello", "compile": {"argv": ["build", "{args}", "{sources}"],
       "limits": {"memory_mb": 512}}, "run": {"argv": ["./program", "{args}"]}}]})");
    if (!merged)
      throw std::runtime_error(merged.why().detail);
    return made;
  }();
  return table;
}

inline actors::run_request plain_request(std::string content) {
  actors::run_request request;
  request.language = "plain";
  request.main = "main.txt";
  request.files = {{"main.txt", std::move(content)}};
  return request;
}

inline actors::run_request built_request() {
  actors::run_request request;
  request.language = "built";
  request.main = "main.src";
  request.files = {{"lib.src", "lib"}, {"main.src", "main"}, {"data.csv", "1"}};
  return request;
}

} // namespace coterie::testing
