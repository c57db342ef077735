#include "storage/open.hpp"

#include "storage/memory.hpp"
#include "storage/sqlite.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace coterie::storage {

namespace {

constexpr std::string_view default_file = "coterie.db";

constexpr std::string_view accepted =
  "use memory, sqlite, sqlite:///relative/path, sqlite:////absolute/path or "
  "postgresql://user:password@host/name";

// Never repeats the text: it may hold a password.
failure not_understood(std::string_view why) {
  return failure{errc::invalid_argument,
                 "the database location " + std::string(why) + "; " + std::string(accepted)};
}

result<location> parse_sqlite(std::string_view rest) {
  // As in SQLAlchemy: the host between the second and third slash is empty.
  if (!rest.empty() && rest.front() != '/')
    return not_understood("names a host, which a SQLite file does not have");
  if (!rest.empty())
    rest.remove_prefix(1);
  if (rest == ":memory:")
    return location{location::engine::memory, {}};
  if (rest.find('?') != std::string_view::npos)
    return not_understood("has options after '?', of which SQLite files have none");
  if (rest.ends_with('/'))
    return not_understood("names a directory where a SQLite file is wanted");
  return location{location::engine::sqlite, std::string(rest)};
}

result<void> check_directory(const std::string& path) {
  struct stat about;
  if (::stat(path.c_str(), &about) != 0)
    return system_failure("the directory " + path + " for the database", errno);
  if (!S_ISDIR(about.st_mode))
    return {errc::system, path + " is not a directory; the database needs one"};
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return {errc::system, "the directory " + path
                            + " is not writable for this user; the database needs to make files "
                              "there. Change its owner, or name another with --data-dir"};
  return {};
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

result<location> parse_location(std::string_view text) {
  if (text == "memory")
    return location{location::engine::memory, {}};
  if (text == "sqlite")
    return location{location::engine::sqlite, {}};
  if (text.find('\0') != std::string_view::npos)
    return not_understood("has a NUL in it");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos)
    return not_understood("has no scheme that is known");
  const auto rest = text.substr(colon + 3);
  auto scheme = text.substr(0, colon);
  scheme = scheme.substr(0, scheme.find('+')); // the driver of another language's library
  if (scheme == "memory")
    return rest.empty() ? location{location::engine::memory, {}}
                        : result<location>{not_understood("names a place in memory")};
  if (scheme == "sqlite")
    return parse_sqlite(rest);
  if (scheme == "postgres" || scheme == "postgresql")
    return location{location::engine::postgresql, "postgresql://" + std::string(rest)};
  return not_understood("has a scheme that is not known");
}

result<std::unique_ptr<backend>> open(const location& where, const std::string& data_dir) {
  switch (where.kind) {
  case location::engine::memory:
    return open_memory();
  case location::engine::sqlite: {
    const auto path =
      where.target.empty() ? data_dir + "/" + std::string(default_file) : where.target;
    if (auto ok = check_directory(directory_of(path)); !ok)
      return ok.why();
    return open_sqlite(path);
  }
  case location::engine::postgresql:
    return {errc::unsupported, "PostgreSQL is not built into this version; use --database=sqlite "
                               "(one server, one file) or --database=memory (nothing is kept)"};
  }
  return {errc::internal, "there is no such engine"};
}

} // namespace coterie::storage
