#include "actors/tree_report.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace coterie::actors {

tree_report::tree_report(document_files& files) {
  for (const auto& [path, file] : files.all())
    paths_.emplace(file.id, path);
}

std::vector<event> tree_report::take(document_files& files) {
  std::vector<event> told;
  std::vector<event> made;
  std::map<std::string, std::string> now;
  for (const auto& [path, file] : files.all()) {
    now.emplace(file.id, path);
    const auto before = paths_.find(file.id);
    if (before == paths_.end())
      made.push_back(file_created{path, file.kind});
    else if (before->second != path)
      made.push_back(file_moved{before->second, path});
  }
  for (const auto& [id, path] : paths_)
    if (!now.contains(id))
      told.push_back(file_removed{path}); // before another one takes its path
  std::ranges::move(made, std::back_inserter(told));
  paths_ = std::move(now);
  return told;
}

} // namespace coterie::actors
