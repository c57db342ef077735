#include "sandbox/mounts.hpp"

#include "sandbox/layout.hpp"
#include "sandbox/proc_mount.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstdio>

namespace coterie::sandbox {

using wire::step;
using wire::trouble;

namespace {

// Of the host: programs and libraries. /opt and /srv may hold an operator's data: not shown.
constexpr const char* host_directories[] = {"usr",   "bin",   "sbin",  "lib",
                                            "lib32", "lib64", "libx32"};
// Of an image: everything that does not belong to the container itself.
constexpr const char* own_directories[] = {".",    "..",  "dev", "etc",     "home", "opt", "proc",
                                           "root", "run", "sys", ".images", "tmp",  "mnt", "srv"};
// Of /etc: what the loader, alternatives and the JVM read. Never the host's passwd or keys.
constexpr const char* etc_entries[] = {"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
                                       "localtime"};

// Interactive shells, those of a login and those within: a prompt that tells the folder.
constexpr const char shell_settings[] =
  "if [ -n \"${BASH-}\" ] && [ -n \"${PS1-}\" ]; then\n"
  "  PS1='\\[\\e[32m\\]coder\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]$ '\n"
  "fi\n";

struct device {
  const char* name;
  unsigned major_number;
  unsigned minor_number;
};
constexpr device devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                              {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

constexpr unsigned root_flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;

/// Binds `path` below `source` read-only at `target` below `root`, submounts included. Nothing
/// is writable for a moment: the attributes are set before the tree is attached.
bool bind(int source, const char* path, int root, const char* target, std::uint64_t attributes) {
  const unique_fd tree{::open_tree(
    source, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | static_cast<unsigned>(AT_RECURSIVE))};
  if (!tree)
    return false;
  mount_attr wanted{};
  wanted.attr_set = attributes;
  return ::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) == 0
         && ::move_mount(tree.get(), "", root, target, MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

bool make_file(int root, const char* path, const char* text) {
  const unique_fd file{::openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  const auto length = std::strlen(text);
  return file && ::write(file.get(), text, length) == static_cast<ssize_t>(length);
}

/// Shows `name` of `source` under the same name: a link as a link, the rest as a read-only bind.
/// What does not exist is left out.
bool show(int source, const char* name, int root) {
  struct stat info;
  if (::fstatat(source, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT;
  if (S_ISLNK(info.st_mode)) {
    char link[4096];
    const ssize_t length = ::readlinkat(source, name, link, sizeof link - 1);
    if (length < 0)
      return false;
    link[length] = 0;
    return ::symlinkat(link, root, name) == 0;
  }
  if (S_ISDIR(info.st_mode) ? ::mkdirat(root, name, 0755) != 0 : !make_file(root, name, ""))
    return false;
  return bind(source, name, root, name, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

bool is_own_directory(const char* name) {
  for (const char* own : own_directories)
    if (std::strcmp(own, name) == 0)
      return true;
  return false;
}

/// Shows every entry of an image's root directory.
bool show_all(int source, int root) {
  const int listing = ::openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = listing >= 0 ? ::fdopendir(listing) : nullptr;
  if (!entries)
    return false;
  bool good = true;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the helper has one thread
  while (const dirent* entry = good ? ::readdir(entries) : nullptr)
    good = is_own_directory(entry->d_name) || show(source, entry->d_name, root);
  ::closedir(entries);
  return good;
}

/// Appends `name` with `id` to the text of a passwd file (`home` given) or group file (null).
void add_account(char* text, std::size_t capacity, const char* name, unsigned id,
                 const char* home) {
  const std::size_t end = std::strlen(text);
  if (home)
    std::snprintf(text + end, capacity - end, "%s:x:%u:%u::%s:/bin/bash\n", name, id, id, home);
  else
    std::snprintf(text + end, capacity - end, "%s:x:%u:\n", name, id);
}

/// passwd and group name every id that a program can have; one user, many numbers.
bool make_accounts(int etc, const tree_spec& spec) {
  static char users[wire::slots_max * 64 + 256];
  static char groups[wire::slots_max * 32 + 256];
  users[0] = groups[0] = 0;
  add_account(users, sizeof users, "root", 0, layout::work_directory);
  add_account(groups, sizeof groups, "root", 0, nullptr);
  for (unsigned i = 0; i < spec.uid_count && i < wire::slots_max; ++i) {
    add_account(users, sizeof users, layout::user_name, spec.uid_base + i, layout::work_directory);
    add_account(groups, sizeof groups, layout::user_name, spec.uid_base + i, nullptr);
  }
  return make_file(etc, "passwd", users) && make_file(etc, "group", groups);
}

bool fill_etc(int source_root, int root, const tree_spec& spec) {
  if (::mkdirat(root, "etc", 0755) != 0)
    return false;
  const unique_fd etc{::openat(root, "etc", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!etc || !make_accounts(etc.get(), spec)
      || !make_file(etc.get(), "hosts", "127.0.0.1 localhost\n::1 localhost\n")
      || !make_file(etc.get(), "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
      || !make_file(etc.get(), "profile", shell_settings)
      || !make_file(etc.get(), "bash.bashrc", shell_settings))
    return false;
  const int source = ::openat(source_root, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (source < 0)
    return errno == ENOENT;
  DIR* entries = ::fdopendir(source);
  if (!entries)
    return false;
  bool good = true;
  for (const char* name : etc_entries)
    good = good && show(source, name, etc.get());
  // The JVM does not start without its configuration: java-17-openjdk and the like.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the helper has one thread
  while (const dirent* entry = good ? ::readdir(entries) : nullptr)
    if (std::strncmp(entry->d_name, "java-", 5) == 0)
      good = show(source, entry->d_name, etc.get());
  ::closedir(entries);
  return good;
}

bool fill_dev(int source_root, int root, bool user_namespace) {
  if (::mkdirat(root, "dev", 0755) != 0)
    return false;
  const unique_fd dev{::openat(root, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!dev || ::mkdirat(dev.get(), "shm", 0755) != 0 || ::mkdirat(dev.get(), "pts", 0755) != 0)
    return false;
  for (const auto& [name, major_number, minor_number] : devices) {
    if (!user_namespace
        && ::mknodat(dev.get(), name, S_IFCHR | 0666, makedev(major_number, minor_number)) == 0) {
      ::fchmodat(dev.get(), name, 0666, 0); // the umask may have taken bits away
      continue;
    }
    // Not ours to make (user namespace, or a container without CAP_MKNOD): bind the host's.
    char path[32];
    std::snprintf(path, sizeof path, "dev/%s", name);
    if (!make_file(dev.get(), name, "")
        || !bind(source_root, path, dev.get(), name, MOUNT_ATTR_NOSUID))
      return false;
  }
  static constexpr const char* links[][2] = {{"/proc/self/fd", "fd"},
                                             {"/proc/self/fd/0", "stdin"},
                                             {"/proc/self/fd/1", "stdout"},
                                             {"/proc/self/fd/2", "stderr"},
                                             {"pts/ptmx", "ptmx"}};
  for (const auto& [target, name] : links)
    if (::symlinkat(target, dev.get(), name) != 0)
      return false;
  return true;
}

/// Directories that containers mount over, and the names we add to PATH.
bool make_skeleton(int root) {
  for (const char* name : {"home", "home/coder", "home/devx", "home/devx/workspace", "opt",
                           "opt/coterie", "opt/coterie/bin", "proc", "tmp", ".images"})
    if (::mkdirat(root, name, 0755) != 0)
      return false;
  return ::symlinkat("/usr/bin/python3", root, "opt/coterie/bin/python") == 0;
}

/// A new, small, detached tmpfs.
unique_fd make_tmpfs() {
  const unique_fd context{::fsopen("tmpfs", FSOPEN_CLOEXEC)};
  if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "size", "4m", 0) != 0
      || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "mode", "0755", 0) != 0
      || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return {};
  return unique_fd{::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID)};
}

bool set_attributes(int root, unsigned attributes) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  return ::mount_setattr(root, "", AT_EMPTY_PATH, &wanted, sizeof wanted) == 0;
}

/// Attaches a new root at `target` below `place` and fills it from `source`.
trouble build_root(int source, bool is_host, int place, const char* target, const tree_spec& spec,
                   unique_fd& root) {
  root = make_tmpfs();
  if (!root || ::move_mount(root.get(), "", place, target, MOVE_MOUNT_F_EMPTY_PATH) != 0
      || !make_skeleton(root.get()))
    return {step::image_root, errno};
  if (is_host) {
    for (const char* name : host_directories)
      if (!show(source, name, root.get()))
        return {step::image_usr, errno};
  } else if (!show_all(source, root.get())) {
    return {step::image_usr, errno};
  }
  if (!fill_etc(source, root.get(), spec))
    return {step::image_etc, errno};
  return {};
}

bool is_mount_root(int directory) {
  struct statx info;
  return ::statx(directory, "", AT_EMPTY_PATH, STATX_TYPE, &info) == 0
         && (info.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/// In a chroot, "/" is a plain directory: mounts around it could not be made private, and
/// pivot_root refuses. Climbs to the root of the mount namespace; our sources are open already.
bool climb_out_of_chroot() {
  constexpr int depth_max = 64;
  if (::chdir("/") != 0 || ::chroot("usr") != 0)
    return false;
  for (int i = 0; i < depth_max; ++i)
    if (::chdir("..") != 0)
      return false;
  return ::chroot(".") == 0;
}

/// Makes `root` the root of this mount namespace and lets the old one go.
bool enter(int root) {
  if (::fchdir(root) != 0)
    return false;
  if (::syscall(SYS_pivot_root, ".", ".") != 0) {
    // On the boot file system (initramfs) pivot_root gives EINVAL: cover the old root instead.
    return errno == EINVAL && ::mount(".", "/", nullptr, MS_MOVE, nullptr) == 0
           && ::chroot(".") == 0 && ::chdir("/") == 0;
  }
  return ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
}

/// The same directory in our mount namespace: the server opened it in another one, and mounts of
/// another one cannot be bound.
unique_fd open_here(int directory) {
  char link[32];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  if (length < 0)
    return {};
  path[length] = 0;
  unique_fd here{::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
  struct stat wanted;
  struct stat found;
  if (!here || ::fstat(directory, &wanted) != 0 || ::fstat(here.get(), &found) != 0)
    return {};
  if (wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino)
    return here;
  errno = ESTALE;
  return {};
}

/// In a user namespace the kernel lets a container mount /proc only where a full one is visible.
bool show_proc(int host, int root, const tree_spec& spec) {
  return !spec.user_namespace || bind(host, "proc", root, "proc", MOUNT_ATTR_NOSUID);
}

trouble build_images(int root, int host, const tree_spec& spec) {
  if (spec.images.empty())
    return {};
  const unique_fd shelf = make_tmpfs();
  if (!shelf || ::move_mount(shelf.get(), "", root, ".images", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return {step::image_root, errno};
  for (std::size_t i = 0; i < spec.images.size(); ++i) {
    char name[16];
    std::snprintf(name, sizeof name, "%u", static_cast<unsigned>(i + 1));
    if (::mkdirat(shelf.get(), name, 0755) != 0)
      return {step::image_root, errno};
    unique_fd image;
    if (auto bad = build_root(spec.images[i].get(), false, shelf.get(), name, spec, image))
      return bad;
    if (!fill_dev(host, image.get(), spec.user_namespace)
        || !set_attributes(image.get(), root_flags))
      return {step::image_dev, errno};
    if (!show_proc(host, image.get(), spec))
      return {step::mount_proc, errno};
  }
  return {};
}

} // namespace

trouble build_tree(const tree_spec& spec) {
  const unique_fd host{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!host)
    return {step::image_root, errno};
  if (!is_mount_root(host.get()) && !climb_out_of_chroot())
    return {step::private_mounts, errno};
  // Without this, what we mount would appear on the host.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return {step::private_mounts, errno};
  for (auto& image : spec.images)
    if (image = open_here(image.get()); !image)
      return {step::image_root, errno};
  // The new root needs a place to be built at; /tmp is not among the sources.
  unique_fd root;
  if (auto bad = build_root(host.get(), true, host.get(), "tmp", spec, root))
    return bad;
  if (!fill_dev(host.get(), root.get(), spec.user_namespace))
    return {step::image_dev, errno};
  if (!show_proc(host.get(), root.get(), spec))
    return {step::mount_proc, errno};
  if (auto bad = build_images(root.get(), host.get(), spec))
    return bad;
  if (!enter(root.get()) || !set_attributes(root.get(), root_flags))
    return {step::pivot, errno};
  return {};
}

namespace {

bool mount_tmpfs(const char* target, const private_mounts& spec, const char* mode) {
  char options[160];
  std::snprintf(options, sizeof options, "size=%llu,nr_inodes=%u,mode=%s,uid=%u,gid=%u",
                static_cast<unsigned long long>(spec.disk_bytes), spec.inodes, mode, spec.owner,
                spec.owner);
  return ::mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
}

/// Mounts the work directory: a tmpfs, covered by its own directory `tree`. Programs see the
/// upper one only; the server, by way of `below`, also has `incoming` beside it.
bool mount_work(const private_mounts& spec, unique_fd& below) {
  private_mounts whole = spec;
  whole.inodes += layout::work_inodes;
  whole.owner = 0;
  if (!mount_tmpfs(layout::work_directory, whole, "0700"))
    return false;
  below.reset(::open(layout::work_directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
  char tree[64];
  std::snprintf(tree, sizeof tree, "%s/%s", layout::work_directory, layout::work_tree);
  return below && ::mkdirat(below.get(), layout::work_incoming, 0700) == 0
         && ::mkdirat(below.get(), layout::work_tree, 0700) == 0
         && ::fchownat(below.get(), layout::work_tree, spec.owner, spec.owner, 0) == 0
         && ::mount(tree, layout::work_directory, nullptr, MS_BIND, nullptr) == 0
         && ::mount(layout::work_directory, layout::other_work_directory, nullptr, MS_BIND, nullptr)
              == 0;
}

bool switch_to_image(const private_mounts& spec) {
  if (spec.image == 0)
    return spec.images == 0 || ::umount2(layout::images_directory, MNT_DETACH) == 0;
  char path[32];
  std::snprintf(path, sizeof path, "%s/%u", layout::images_directory, spec.image);
  const unique_fd root{::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
  return root && enter(root.get());
}

} // namespace

trouble mount_private(const private_mounts& spec, unique_fd& work) {
  if (!switch_to_image(spec))
    return {step::pivot, errno};
  if (!mount_proc(spec.shows_system ? proc_view::system : proc_view::processes))
    return {step::mount_proc, errno};
  if (!mount_work(spec, work))
    return {step::mount_work, errno};
  if (!mount_tmpfs("/tmp", spec, "1777"))
    return {step::mount_tmp, errno};
  if (!mount_tmpfs("/dev/shm", spec, "1777"))
    return {step::mount_shm, errno};
  // The kernel has a few thousand for all of the host: each container gets its share.
  char options[64];
  std::snprintf(options, sizeof options, "newinstance,ptmxmode=0666,mode=0620,max=%zu",
                wire::ptys_max);
  if (::mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options) != 0)
    return {step::mount_pts, errno};
  return {};
}

} // namespace coterie::sandbox
