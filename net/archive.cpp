#include "net/archive.hpp"

#include "actors/run.hpp"
#include "base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <clocale>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace coterie::net {

namespace {

/// libarchive turns names into what the thread's locale calls text; without one that is ASCII.
class utf8_locale {
public:
  utf8_locale()
      : made_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)),
        before_(made_ ? ::uselocale(made_) : nullptr) {}
  ~utf8_locale() {
    if (!made_)
      return;
    ::uselocale(before_);
    ::freelocale(made_);
  }
  utf8_locale(const utf8_locale&) = delete;
  utf8_locale& operator=(const utf8_locale&) = delete;

private:
  locale_t made_;
  locale_t before_;
};

struct free_archive {
  void operator()(::archive* writer) const {
    ::archive_free(writer);
  }
};
using archive_ptr = std::unique_ptr<::archive, free_archive>;

struct free_entry {
  void operator()(::archive_entry* entry) const {
    ::archive_entry_free(entry);
  }
};

std::string message_of(::archive* from) {
  const char* text = ::archive_error_string(from);
  return text ? text : "unknown error";
}

::la_ssize_t append(::archive*, void* to, const void* bytes, std::size_t size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
  return static_cast<::la_ssize_t>(size);
}

bool add(::archive* to, const actors::exported_file& file) {
  const std::unique_ptr<::archive_entry, free_entry> entry{::archive_entry_new()};
  ::archive_entry_set_pathname_utf8(entry.get(), file.path.c_str());
  ::archive_entry_set_filetype(entry.get(), file.is_directory ? AE_IFDIR : AE_IFREG);
  ::archive_entry_set_perm(entry.get(), file.is_directory ? 0755 : 0644);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(file.modified_at);
  ::archive_entry_set_mtime(entry.get(), seconds.time_since_epoch().count(), 0);
  const std::string_view content = file.content ? std::string_view(*file.content) : "";
  ::archive_entry_set_size(entry.get(), static_cast<::la_int64_t>(content.size()));
  if (::archive_write_header(to, entry.get()) != ARCHIVE_OK)
    return false;
  return content.empty()
         || ::archive_write_data(to, content.data(), content.size())
              == static_cast<::la_ssize_t>(content.size());
}

// -- reading --------------------------------------------------------------------------------------

/// Whether a set or map of paths has one below `directory`.
template <class Paths>
bool has_below(const Paths& paths, const std::string& directory) {
  const auto prefix = directory + '/';
  const auto next = paths.lower_bound(prefix);
  if (next == paths.end())
    return false;
  if constexpr (requires { next->first; })
    return next->first.starts_with(prefix);
  else
    return next->starts_with(prefix);
}

/// One archive as it is read.
class unpacker {
public:
  unpacker(std::string_view bytes, const unpack_limits& limits) : bytes_(bytes), limits_(limits) {}

  result<unpacked_archive> run() {
    ::archive_read_support_format_zip(from_.get());
    ::archive_read_support_format_tar(from_.get());
    ::archive_read_support_filter_gzip(from_.get());
    if (::archive_read_open_memory(from_.get(), bytes_.data(), bytes_.size()) != ARCHIVE_OK)
      return damaged();
    for (;;) {
      ::archive_entry* entry = nullptr;
      const int step = ::archive_read_next_header(from_.get(), &entry);
      if (step == ARCHIVE_EOF)
        break;
      if (step != ARCHIVE_OK && step != ARCHIVE_WARN)
        return damaged();
      if (auto taken = take(entry); !taken)
        return taken.why();
    }
    for (const auto& path : directories_)
      if (!has_below(files_, path) && !has_below(directories_, path) && !files_.contains(path))
        all_.directories.push_back(path);
    for (auto& [path, file] : files_)
      all_.files.push_back(std::move(file));
    return std::move(all_);
  }

private:
  failure damaged() const {
    return {errc::invalid_argument,
            "The body is no zip or tar.gz archive, or damaged: " + message_of(from_.get())};
  }

  static failure too_large(std::string what) {
    return {errc::too_large, std::move(what)};
  }

  result<void> take(::archive_entry* entry) {
    if (++entries_ > 2 * limits_.files_max)
      return too_large("The archive has too many entries.");
    const char* name = ::archive_entry_pathname_utf8(entry);
    if (!name)
      return skip("", "its name is not text");
    std::string path = name;
    while (path.starts_with("./"))
      path.erase(0, 2);
    while (path.ends_with('/'))
      path.pop_back();
    if (path.empty() || path == ".")
      return {};
    if (const auto complaint = actors::complain_about_path(path))
      return skip(std::move(path), *complaint);
    if (::archive_entry_hardlink(entry))
      return skip(std::move(path), "is a link");
    if (::archive_entry_is_encrypted(entry))
      return skip(std::move(path), "is encrypted");
    switch (::archive_entry_filetype(entry)) {
    case AE_IFDIR:
      directories_.insert(std::move(path));
      return check_count();
    case AE_IFREG:
      return take_file(std::move(path));
    case AE_IFLNK:
      return skip(std::move(path), "is a link");
    default:
      return skip(std::move(path), "is neither a file nor a directory");
    }
  }

  result<void> take_file(std::string path) {
    std::string content;
    std::array<char, 64U << 10> part;
    for (;;) {
      const auto size = ::archive_read_data(from_.get(), part.data(), part.size());
      if (size < 0)
        return damaged();
      if (size == 0)
        break;
      content.append(part.data(), static_cast<std::size_t>(size));
      unpacked_ += static_cast<std::size_t>(size);
      if (content.size() > limits_.file_bytes_max)
        return too_large(path + " has more than " + std::to_string(limits_.file_bytes_max >> 20U)
                         + " MiB.");
      if (unpacked_ > limits_.bytes_max)
        return too_large("The archive unpacks to more than "
                         + std::to_string(limits_.bytes_max >> 20U) + " MiB.");
    }
    const bool is_text = content.find('\0') == content.npos && is_utf8(content);
    files_.insert_or_assign(path, actors::named_file{path, std::move(content), is_text});
    return check_count();
  }

  result<void> check_count() const {
    if (files_.size() + directories_.size() > limits_.files_max)
      return too_large("The archive has more than " + std::to_string(limits_.files_max)
                       + " files.");
    return {};
  }

  result<void> skip(std::string path, std::string why) {
    if (all_.skipped.size() < limits_.files_max)
      all_.skipped.push_back({std::move(path), std::move(why)});
    return {};
  }

  std::string_view bytes_;
  const unpack_limits& limits_;
  archive_ptr from_{::archive_read_new()};
  unpacked_archive all_;
  std::map<std::string, actors::named_file> files_;
  std::set<std::string> directories_;
  std::size_t entries_ = 0;
  std::size_t unpacked_ = 0;
};

} // namespace

result<std::string> pack_archive(const std::vector<actors::exported_file>& files,
                                 archive_format format) {
  const utf8_locale locale;
  const archive_ptr to{::archive_write_new()};
  std::string packed;
  if (format == archive_format::zip) {
    ::archive_write_set_format_zip(to.get());
    ::archive_write_set_options(to.get(), "zip:hdrcharset=UTF-8");
  } else {
    ::archive_write_set_format_pax_restricted(to.get());
    ::archive_write_add_filter_gzip(to.get());
  }
  ::archive_write_set_bytes_in_last_block(to.get(), 1);
  bool done =
    ::archive_write_open2(to.get(), &packed, nullptr, append, nullptr, nullptr) == ARCHIVE_OK;
  for (const auto& file : files)
    done = done && add(to.get(), file);
  done = done && ::archive_write_close(to.get()) == ARCHIVE_OK;
  if (!done)
    return {errc::internal, "the archive was not made: " + message_of(to.get())};
  return packed;
}

result<unpacked_archive> unpack_archive(std::string_view bytes, const unpack_limits& limits) {
  const utf8_locale locale;
  return unpacker(bytes, limits).run();
}

} // namespace coterie::net
