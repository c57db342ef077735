#define CAF_SUITE container_tree

// The tree of a real container, with programs in it that do not mean well.

#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/test_tree.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>
#include <deque>
#include <mutex>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t plenty = 8U << 20;

lab& the_lab() {
  static lab one{{.slots_max = 3}};
  return one;
}

std::unique_ptr<tree> open_tree(container& box) {
  auto opened = box.open_tree();
  if (!opened)
    throw std::runtime_error(opened.why().detail);
  return std::move(*opened);
}

/// The owner of a container's files: follows them by what the watch tells.
class owner {
public:
  explicit owner(container& box, std::string_view ignored = "")
      : files(open_tree(box)),
        ignored_(std::make_shared<const ignore_rules>(rules(ignored))),
        box_(box),
        mirror_(*files, *ignored_) {
    box.watch(ignored_, [inbox = inbox_](tree_changes changes) {
      const std::lock_guard guard(inbox->mutex);
      inbox->batches.push_back(std::move(changes));
    });
  }

  bool hears(const std::function<bool(const tree_changes&)>& what) {
    return eventually([&] {
      while (const auto batch = take())
        if (what(*batch))
          return true;
      return false;
    });
  }

  bool catches_up() {
    return eventually([&] {
      while (take()) {
      }
      return mirror_.picture() == picture_of(*files, *ignored_);
    });
  }

  const tree_picture& picture() const {
    return mirror_.picture();
  }

  std::unique_ptr<tree> files;

private:
  struct inbox {
    std::mutex mutex;
    std::deque<tree_changes> batches;
  };

  std::optional<tree_changes> take() {
    std::optional<tree_changes> next;
    {
      const std::lock_guard guard(inbox_->mutex);
      if (inbox_->batches.empty())
        return next;
      next = std::move(inbox_->batches.front());
      inbox_->batches.pop_front();
    }
    mirror_.apply(*next);
    box_.changes_handled();
    return next;
  }

  std::shared_ptr<const ignore_rules> ignored_;
  container& box_;
  mirror mirror_;
  std::shared_ptr<inbox> inbox_ = std::make_shared<inbox>();
};

bool is_rescan(const tree_changes& batch) {
  return batch.rescan;
}

/// A program that runs until it is killed; what it did is there when its file `ready` is.
command for_ever(const std::string& python_source) {
  auto what = python(python_source);
  what.limits.cpu = 60s;
  what.limits.wall = 60s;
  return what;
}

bool has_file(tree& files, const std::string& path) {
  return eventually([&] { return files.find(path).has_value(); });
}

} // namespace

SCENARIO("what the server writes belongs to the program, and the other way round") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  const auto files = open_tree(*box);
  REQUIRE(files->write("src/main.py", "print('from the server')\n"));
  REQUIRE(files->write("run.sh", "#!/bin/sh\npython src/main.py\n", {.is_executable = true}));
  const auto got = lab::run(*box, shell("./run.sh; stat -c %a src src/main.py run.sh; "
                                        "[ -O src -a -O src/main.py ] && echo mine; "
                                        "echo more >> src/main.py; echo new > src/new; rm run.sh"));
  CHECK_EQ(got.out, "from the server\n755\n644\n755\nmine\n");
  CHECK_EQ(files->read("src/new", plenty)->bytes, "new\n");
  CHECK_EQ(files->read("src/main.py", plenty)->bytes, "print('from the server')\nmore\n");
  CHECK(!files->find("run.sh"));
}

SCENARIO("a program finds nothing of how the server writes, and sees whole files only") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  const auto files = open_tree(*box);
  const auto version = [](int i) {
    return std::string(static_cast<std::size_t>(10'000 + i % 7 * 9'000),
                       static_cast<char>('a' + i % 26));
  };
  REQUIRE(files->write("shared", version(0)));
  auto reading = lab::start(*box, for_ever(R"(
import os
seen = set()
open('reading', 'w').close()
while not os.path.exists('stop'):
  with open('shared') as f: text = f.read()
  names = set(os.listdir('.')) - {'shared', 'reading', 'enough', 'stop'}
  assert not names, names
  assert len(text) >= 10000 and text == text[0] * len(text), 'torn'
  seen.add(text[0])
  if len(seen) == 20: open('enough', 'w').close()
print('done')
)"));
  REQUIRE(has_file(*files, "reading"));
  CHECK(eventually([&] {
    for (int i = 0; i < 100; ++i)
      if (!files->write("shared", version(i)))
        return false;
    return files->find("enough").has_value();
  }));
  REQUIRE(files->write("stop", ""));
  const auto got = reading.wait();
  CHECK_EQ(got.out, "done\n");
  CHECK_EQ(got.err, "");
  const auto looks = lab::run(*box, shell("ls -a; ls -a ..; find / -name incoming 2>/dev/null"));
  CHECK_EQ(looks.out, ".\n..\nenough\nreading\nshared\nstop\n.\n..\ncoder\ndevx\n");
}

SCENARIO("a directory flipped against a link leads neither reads nor writes out") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  const auto files = open_tree(*box);
  auto flipping = lab::start(*box, for_ever(R"(
import ctypes, os
os.mkdir('real'); os.mkdir('/tmp/outside'); os.symlink('/tmp/outside', 'other')
os.symlink('/etc/passwd', 'real/passwd'); os.symlink('../../etc', 'up')
open('real/file', 'w').write('inside')
open('/tmp/outside/file', 'w').write('outside')
open('flipping', 'w').close()
libc = ctypes.CDLL(None)
while not os.path.exists('stop'):
  for i in range(1000): libc.renameat2(-100, b'real', -100, b'other', 2)
print(os.listdir('/tmp/outside'), open('/tmp/outside/file').read())
)"));
  REQUIRE(has_file(*files, "flipping"));
  int inside = 0;
  int refused = 0;
  int outside = 0;
  CHECK(eventually([&] {
    for (int i = 0; i < 500; ++i) {
      const auto read = files->read("real/file", plenty);
      ++(!read ? refused : read->bytes == "inside" ? inside : outside);
      static_cast<void>(files->write("real/file", "inside"));
      static_cast<void>(files->write("real/new/file", "inside"));
      static_cast<void>(files->remove("real/new/file"));
    }
    return inside > 100 && refused > 100;
  }));
  CHECK_EQ(outside, 0);
  CHECK(!files->read("real/passwd", plenty));
  CHECK(!files->read("up/passwd", plenty));
  REQUIRE(files->write("stop", ""));
  CHECK_EQ(flipping.wait().out, "['file'] outside\n");
}

SCENARIO("a full work directory refuses a file and keeps nothing of it") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create({.disk_bytes = 1U << 20, .inodes = 20});
  const auto files = open_tree(*box);
  const auto usage = [&] { return lab::run(*box, shell("df --output=used,iused .")).out; };
  REQUIRE(files->write("old", "content"));
  const auto before = usage();
  for (const auto* path : {"old", "new/dir/file"}) {
    const auto written = files->write(path, std::string(2U << 20, 'x'));
    REQUIRE(!written);
    CHECK(written.why().code == errc::too_large);
  }
  std::string deep;
  for (int i = 0; i < 25; ++i)
    deep += "d/";
  const auto written = files->write(deep + "file", "x");
  REQUIRE(!written);
  CHECK(written.why().code == errc::too_large);
  CHECK_EQ(usage(), before);
  CHECK_EQ(files->read("old", plenty)->bytes, "content");
  // The inodes are the program's to use, all of them.
  const auto fills = lab::run(*box, shell("i=0; while : > f$i; do i=$((i+1)); done 2>/dev/null; "
                                          "ls | wc -l"));
  CHECK_EQ(fills.out, "19\n"); // and its top directory
}

SCENARIO("leases, FIFOs and strange names do not hold the server up") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  const auto files = open_tree(*box);
  auto waiting = lab::start(*box, for_ever(R"(
import fcntl, os, signal, socket, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket')
for name in (b'new\nline', b'\xff\xfe', b'q"uo\'te', b'x' * 255, b'back\\slash'):
  open(name, 'w').close()
f = open('leased', 'w'); f.write('x'); f.flush()
try: fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError: os.rename('leased', 'unleased')
open('ready', 'w').close()
while True: time.sleep(1)
)"));
  REQUIRE(has_file(*files, "ready"));
  for (const auto* path : {"fifo", "socket"}) {
    CHECK(files->find(path)->kind == entry_kind::other);
    CHECK(!files->read(path, plenty));
  }
  if (files->find("leased")) {
    const auto read = files->read("leased", plenty);
    CHECK((!read && read.why().code == errc::unavailable));
  }
  const auto listing = files->list("", {});
  REQUIRE(listing);
  CHECK_EQ(listing->skipped, 3u);
  CHECK_EQ(listing->entries.size(), 6u); // two special, two names, the leased one, ready
  box->kill(outcome::cancelled);
  waiting.wait();
}

SCENARIO("what programs do is noticed, and what is ignored is not") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  owner watching(*box, "node_modules/\n*.o\n");
  REQUIRE(watching.hears(is_rescan));
  lab::run(*box, shell("mkdir -p src/deep node_modules/x; echo a > src/deep/a.c; : > empty; "
                       "ln -s /etc/passwd link; echo o > src/a.o; echo x > node_modules/x/index"));
  CHECK(watching.catches_up());
  const tree_picture expected{
    {"empty", ""}, {"link", "->"}, {"src/", ""}, {"src/deep/", ""}, {"src/deep/a.c", "a\n"}};
  CHECK(watching.picture() == expected);
  lab::run(*box, shell("mv src lib; sed -i s/a/b/ lib/deep/a.c; rm empty link"));
  CHECK(watching.catches_up());
  CHECK_EQ(watching.picture().at("lib/deep/a.c"), "b\n");
  CHECK_EQ(watching.picture().size(), 3u);
}

SCENARIO("a change is noticed while its program runs on") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  owner watching(*box);
  REQUIRE(watching.hears(is_rescan));
  auto running = lab::start(*box, shell("echo one > a; exec sleep 50"));
  CHECK(watching.hears([](const auto& batch) {
    return batch.rescan || batch.paths == std::vector<std::string>({"a"});
  }));
  CHECK(watching.catches_up());
  box->kill(outcome::cancelled);
  running.wait();
}

SCENARIO("a storm of renames inside ends with the truth outside") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  owner watching(*box);
  REQUIRE(watching.hears(is_rescan));
  auto storm = lab::start(*box, for_ever(R"(
import os, random
for i in range(10):
  os.makedirs(f'd{i}/sub'); open(f'd{i}/sub/file', 'w').write(str(i))
def any():
  return '/'.join([f'd{random.randrange(10)}'] + random.choices(['sub', 'd1', 'd2'], k=random.randrange(3)))
for i in range(10000):
  try: os.rename(any(), any())
  except OSError: pass
  if i % 20 == 0:
    try: open(any() + '/file', 'w').write(str(i))
    except OSError: pass
)"));
  storm.wait();
  CHECK(watching.catches_up());
  CHECK(!watching.picture().empty());
  lab::run(*box, shell("find . -type d -exec sh -c 'echo mark > \"$1\"/mark' - {} \\;"));
  CHECK(watching.catches_up());
  CHECK_EQ(watching.picture().at("mark"), "mark\n");
}

SCENARIO("a container that ends tells so, and what it left can still be read") {
  NEEDS_SANDBOX;
  auto box = the_lab().create();
  owner watching(*box);
  REQUIRE(watching.hears(is_rescan));
  lab::run(*box, shell("echo last > words"));
  const auto other = open_tree(*box);
  box.reset();
  CHECK(eventually([&] { return other->read("words", plenty)->bytes == "last\n"; }));
  CHECK(other->write("words", "written to nobody"));
}

SCENARIO("a container that was ended has no tree to open") {
  NEEDS_SANDBOX;
  lab own{{.slots_max = 1}};
  const auto box = own.create();
  own.close(); // ends all containers
  const auto opened = box->open_tree();
  REQUIRE(!opened);
  CHECK(opened.why().code == errc::inactive);
  std::promise<tree_changes> told;
  box->watch(std::make_shared<const ignore_rules>(),
             [&](tree_changes changes) { told.set_value(std::move(changes)); });
  CHECK(told.get_future().get().is_last);
}

SCENARIO("the last batch comes when the container ends") {
  NEEDS_SANDBOX;
  lab own{{.slots_max = 1}};
  const auto box = own.create();
  owner watching(*box);
  REQUIRE(watching.hears(is_rescan));
  lab::run(*box, shell("echo last > words"));
  own.close();
  CHECK(watching.hears([](const auto& batch) { return batch.is_last; }));
  CHECK_EQ(watching.picture().at("words"), "last\n");
}

SCENARIO("without control groups the tree is read, written and watched as well") {
  lab own{{.slots_max = 1, .use_cgroups = false}};
  if (!own.is_usable())
    return;
  const auto box = own.create();
  owner watching(*box);
  REQUIRE(watching.hears(is_rescan));
  REQUIRE(watching.files->write("a/b", "server"));
  CHECK_EQ(lab::run(*box, shell("cat a/b; echo program > a/c")).out, "server");
  CHECK(watching.catches_up());
  CHECK_EQ(watching.picture().at("a/c"), "program\n");
}
