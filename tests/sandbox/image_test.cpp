#define CAF_SUITE image

// Root file systems besides the host's.

#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/screen.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace coterie;
using namespace coterie::sandbox;
namespace fs = std::filesystem;

namespace {

/// A folder with an image in it, "small", that has one shell and what that needs.
class image_folder {
public:
  image_folder() {
    std::string form = (fs::temp_directory_path() / "images-XXXXXX").string();
    REQUIRE(::mkdtemp(form.data()));
    root_ = form;
    copy("/bin/sh", "/bin/sh");
    // The loader lists what a program needs: "libc.so.6 => /lib/.../libc.so.6 (0x...)".
    FILE* needed = ::popen("ldd /bin/sh", "r");
    REQUIRE(needed);
    char line[512];
    while (std::fgets(line, sizeof line, needed))
      if (const char* path = std::strchr(line, '/'))
        copy({path, std::strcspn(path, " \n")}, {path, std::strcspn(path, " \n")});
    ::pclose(needed);
  }
  ~image_folder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  std::string path() const {
    return root_.string();
  }

private:
  void copy(const std::string& from, const std::string& to) {
    const auto target = root_ / "small" / to.substr(1);
    fs::create_directories(target.parent_path());
    fs::copy_file(from, target);
  }

  fs::path root_;
};

} // namespace

SCENARIO("a program in an image sees the image's files and not the host's") {
  const image_folder images;
  lab one{{.image_root = images.path(), .slots_max = 1}};
  if (!one.is_usable())
    return;
  container_spec spec;
  spec.image = "small";
  const auto got = lab::run(*one.create(spec), program({"sh", "-c", "echo /*; echo /bin/*"}));
  CHECK(got.end.how == outcome::exited);
  CHECK_EQ(got.out, "/bin /dev /etc /home /lib /lib64 /opt /proc /tmp\n/bin/sh\n");
}

SCENARIO("where there is no bash the login shell is another") {
  const image_folder images;
  lab one{{.image_root = images.path(), .slots_max = 1}};
  if (!one.is_usable())
    return;
  container_spec spec;
  spec.image = "small";
  const auto box = one.create(spec);
  screen shell(*box);
  REQUIRE(shell.is_open());
  CHECK_EQ(shell.run("echo $0 ${BASH-none}"), "/bin/sh none\n");
  screen none(*box, {.argv = {"/bin/bash"}}); // asked for by name
  CHECK(!none.is_open());
}
