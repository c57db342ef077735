#include "sandbox/environment.hpp"

#include "sandbox/layout.hpp"

#include <string_view>

namespace coterie::sandbox {

namespace {

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

void add(std::vector<std::string>& to, const std::vector<std::string>& variables) {
  for (const auto& variable : variables) {
    std::erase_if(to, [&](const auto& own) { return name_of(own) == name_of(variable); });
    to.push_back(variable);
  }
}

} // namespace

std::vector<std::string> make_environment(const std::vector<std::string>& added) {
  const std::string home = layout::work_directory;
  const std::string user = layout::user_name;
  std::vector<std::string> out{
    std::string("PATH=") + layout::default_path,
    "HOME=" + home,
    "PWD=" + home,
    "TMPDIR=/tmp",
    "LANG=C.UTF-8",
    "USER=" + user,
    "LOGNAME=" + user,
    "SHELL=/bin/bash",
    "PYTHONDONTWRITEBYTECODE=1",
  };
  add(out, added);
  return out;
}

std::vector<std::string> make_terminal_environment(const std::vector<std::string>& added) {
  // The work directory holds the people's files: no place for what a shell remembers.
  auto out =
    make_environment({"TERM=xterm-256color", "COLORTERM=truecolor", "HISTFILE=/tmp/.bash_history"});
  add(out, added);
  return out;
}

} // namespace coterie::sandbox
