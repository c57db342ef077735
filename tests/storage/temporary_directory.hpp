#pragma once

#include "caf/test/bdd_dsl.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace coterie::storage::testing {

/// An empty directory that goes with this object.
class temporary_directory {
public:
  temporary_directory() {
    std::string name = std::filesystem::temp_directory_path() / "coterie-storage-XXXXXX";
    if (!::mkdtemp(name.data()))
      CAF_FAIL("cannot make a temporary directory");
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::string& path() const noexcept {
    return path_;
  }
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

private:
  std::string path_;
};

} // namespace coterie::storage::testing
