#define CAF_SUITE archive

#include "net/archive.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <archive.h>
#include <archive_entry.h>

using namespace coterie;
using namespace coterie::net;

namespace {

actors::exported_file file(std::string path, std::string content) {
  return {std::move(path), false, std::make_shared<const std::string>(std::move(content)),
          timestamp{std::chrono::seconds{1'700'000'000}}};
}

actors::exported_file directory(std::string path) {
  return {std::move(path), true, nullptr, {}};
}

struct raw_entry {
  const char* path;
  unsigned type = AE_IFREG;
  std::string content = {};
  const char* link_to = nullptr;
};

/// A tar archive with entries that pack_archive() would not make.
std::string tar_of(const std::vector<raw_entry>& entries) {
  std::string bytes(4U << 20, '\0');
  std::size_t used = 0;
  auto* to = ::archive_write_new();
  ::archive_write_set_format_ustar(to);
  ::archive_write_open_memory(to, bytes.data(), bytes.size(), &used);
  for (const auto& one : entries) {
    auto* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, one.path);
    ::archive_entry_set_filetype(entry, one.type);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<::la_int64_t>(one.content.size()));
    if (one.type == AE_IFLNK)
      ::archive_entry_set_symlink(entry, one.link_to);
    else if (one.link_to)
      ::archive_entry_set_hardlink(entry, one.link_to);
    ::archive_write_header(to, entry);
    ::archive_write_data(to, one.content.data(), one.content.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(to);
  ::archive_write_free(to);
  bytes.resize(used);
  return bytes;
}

errc code_of(const result<unpacked_archive>& unpacked) {
  return unpacked ? errc{} : unpacked.why().code;
}

} // namespace

SCENARIO("what was packed comes out again, in both formats") {
  const std::vector<actors::exported_file> files{
    directory("empty"), file("src/main.py", "print(1)\n"), file("ü/日本.txt", "grüß\n"),
    file("void", ""), file("x.bin", std::string("\0\xff\x01", 3))};
  for (const auto format : {archive_format::zip, archive_format::tar_gz}) {
    const auto packed = pack_archive(files, format);
    REQUIRE(packed);
    const auto out = unpack_archive(*packed, {});
    REQUIRE(out);
    CHECK_EQ(out->directories, std::vector<std::string>{"empty"});
    CHECK(out->skipped.empty());
    REQUIRE_EQ(out->files.size(), 4u);
    CHECK_EQ(out->files[0].path, "src/main.py");
    CHECK_EQ(out->files[0].content, "print(1)\n");
    CHECK_EQ(out->files[1].path, "void");
    CHECK(out->files[1].is_text);
    CHECK_EQ(out->files[2].content, std::string("\0\xff\x01", 3));
    CHECK(!out->files[2].is_text);
    CHECK_EQ(out->files[3].path, "ü/日本.txt");
  }
}

SCENARIO("names that lead out, links and devices are left out and named") {
  const auto out = unpack_archive(tar_of({{"../up", AE_IFREG, "x"},
                                          {"/etc/passwd", AE_IFREG, "x"},
                                          {"a/../../b", AE_IFREG, "x"},
                                          {"soft", AE_IFLNK, {}, "/etc/passwd"},
                                          {"hard", AE_IFREG, {}, "good"},
                                          {"pipe", AE_IFIFO},
                                          {"./good", AE_IFREG, "x"}}),
                                  {});
  REQUIRE(out);
  REQUIRE_EQ(out->files.size(), 1u);
  CHECK_EQ(out->files[0].path, "good");
  CHECK_EQ(out->skipped.size(), 6u);
}

SCENARIO("a directory with something in it needs no entry of its own") {
  const auto out = unpack_archive(
    tar_of({{"src/", AE_IFDIR}, {"src/a", AE_IFREG, "x"}, {"src/void/", AE_IFDIR}}), {});
  REQUIRE(out);
  CHECK_EQ(out->directories, std::vector<std::string>{"src/void"});
}

SCENARIO("of entries with one name the last one counts") {
  const auto out = unpack_archive(tar_of({{"a", AE_IFREG, "1"}, {"a", AE_IFREG, "2"}}), {});
  REQUIRE(out);
  REQUIRE_EQ(out->files.size(), 1u);
  CHECK_EQ(out->files[0].content, "2");
}

SCENARIO("an archive that unpacks to too much is refused before it is all there") {
  const auto packed =
    pack_archive({file("a", std::string(1U << 20, 'a')), file("b", std::string(1U << 20, 'b'))},
                 archive_format::zip);
  REQUIRE(packed);
  CHECK_EQ(code_of(unpack_archive(*packed, {.file_bytes_max = 1U << 19})), errc::too_large);
  CHECK_EQ(code_of(unpack_archive(*packed, {.bytes_max = 3U << 19})), errc::too_large);
  CHECK_EQ(code_of(unpack_archive(*packed, {.files_max = 1})), errc::too_large);
  CHECK(unpack_archive(*packed, {}));
}

SCENARIO("what is no archive, or is cut off or damaged, is said to be") {
  CHECK_EQ(code_of(unpack_archive("", {})), errc::invalid_argument);
  CHECK_EQ(code_of(unpack_archive("not an archive", {})), errc::invalid_argument);
  for (const auto format : {archive_format::zip, archive_format::tar_gz}) {
    auto packed = pack_archive({file("a", std::string(10'000, 'a'))}, format);
    REQUIRE(packed);
    for (std::size_t size = 0; size < packed->size() / 2; size += 7)
      CHECK_EQ(code_of(unpack_archive(std::string_view(*packed).substr(0, size), {})),
               errc::invalid_argument);
    for (std::size_t at = 0; at < packed->size(); ++at) { // anything but a crash or an endless loop
      auto damaged = *packed;
      damaged[at] = static_cast<char>(~damaged[at]);
      (void)unpack_archive(damaged, {});
    }
  }
}
