#define CAF_SUITE room_history

#include "actors/room_history.hpp"

#include "actors/historian.hpp"
#include "support/room_past.hpp"

#include <algorithm>

using namespace coterie;
using namespace coterie::testing;

namespace {

using names = std::vector<std::string>;

struct fixture : room_past {
  names version_names() {
    names all;
    for (const auto& version : get<version_listing>(list_versions{}).versions)
      all.push_back(version.name);
    return all;
  }
  restore_report restore(version_id version) {
    return get<restore_report>(restore_version{version});
  }
  std::string text_in(version_id version, std::string path) {
    return get<file_read>(read_version_file{version, std::move(path)}).content;
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

// -- saving, listing, removing --------------------------------------------------------------------

SCENARIO("a version is what the document was, told to everybody and there after a sleep") {
  come("Ada");
  write("main.py", "one");
  const auto saved = get<storage::version_record>(save_version{"first ✓"});
  CHECK_EQ(saved.name, "first ✓");
  CHECK_EQ(saved.author, "guest");
  CHECK(saved.at == wall_now);
  CHECK(saved.state.empty());
  REQUIRE_EQ(told<version_saved>().size(), 1u);
  CHECK(told<version_saved>()[0].version == saved);
  write("main.py", "two");
  sleep();
  CHECK_EQ(text_in(saved.id, "main.py"), "one");
  CHECK(get<version_listing>(list_versions{}).versions == std::vector{saved});
  CHECK_EQ(read("main.py"), "two");
}

SCENARIO("a version that somebody in the room saves has their name") {
  const auto ada = come("Ada");
  const auto saved =
    must(ask<history_answer>(room(), history_request{{}, ada, save_version{"hers"}}));
  CHECK_EQ(std::get<storage::version_record>(saved.what).author, "Ada");
}

SCENARIO("a version is saved after what it contains, and not told when it is not saved") {
  come("Ada");
  disk->order.clear();
  const auto written = request<file_written>(room(), put("main.py", "typed just now"));
  const auto saved =
    request<history_answer>(room(), history_request{{}, {}, save_version{"hasty"}});
  consume_messages();
  CHECK_EQ(code_of(written), "accepted");
  REQUIRE_EQ(code_of(saved), "accepted");
  const auto version = std::get<storage::version_record>((**saved)->what);
  CHECK_EQ(version.sequence, 1u);
  CHECK_EQ(text_in(version.id, "main.py"), "typed just now");
  disk->next_write = failure{errc::too_large, "no place"};
  CHECK_EQ(code_of(past(save_version{"lost"})), "too_large");
  CHECK_EQ(told<version_saved>().size(), 1u);
  CHECK((version_names() == names{"hasty"}));
}

SCENARIO("who looks lists and reads, who edits saves and restores, who owns removes") {
  made = open(storage::visibility::invite);
  const auto& [owner, editor, viewer] = made.tokens;
  const auto as = [&](auto wish, const std::string& token) { return code_of(past(wish, token)); };
  CHECK_EQ(as(save_version{"v"}, viewer), "forbidden");
  CHECK_EQ(as(save_version{"v"}, ""), "unauthorized");
  const auto id = std::get<storage::version_record>(must(past(save_version{"v"}, editor)).what).id;
  CHECK_EQ(as(list_versions{}, ""), "unauthorized");
  CHECK_EQ(as(list_versions{}, viewer), "accepted");
  CHECK_EQ(as(view_version{id}, viewer), "accepted");
  CHECK_EQ(as(read_version_file{id, "main.py"}, viewer), "accepted");
  CHECK_EQ(as(compare_version{id, {}}, viewer), "accepted");
  CHECK_EQ(as(read_history{}, viewer), "accepted");
  CHECK_EQ(as(describe_history{}, viewer), "accepted");
  CHECK_EQ(as(restore_version{id}, viewer), "forbidden");
  CHECK_EQ(as(restore_version{id}, editor), "accepted");
  CHECK_EQ(as(remove_version{id}, editor), "forbidden");
  CHECK_EQ(as(remove_version{id}, owner), "accepted");
}

SCENARIO("a removed version is gone, and everybody hears of it") {
  come("Ada");
  const auto id = save("short-lived");
  must(past(remove_version{id}, made.tokens.owner));
  REQUIRE_EQ(told<version_removed>().size(), 1u);
  CHECK(told<version_removed>()[0].version == id);
  CHECK_EQ(code_of(past(view_version{id})), "not_found");
  CHECK_EQ(code_of(past(restore_version{id})), "not_found");
  CHECK_EQ(code_of(past(compare_version{id, {}})), "not_found");
  CHECK_EQ(code_of(past(remove_version{id}, made.tokens.owner)), "not_found");
  CHECK(version_names().empty());
}

SCENARIO("a name has 1 to 200 bytes of text") {
  const auto code = [&](std::string name) { return code_of(past(save_version{std::move(name)})); };
  CHECK_EQ(code(""), "invalid_argument");
  CHECK_EQ(code(std::string(201, 'n')), "invalid_argument");
  CHECK_EQ(code("a\nb"), "invalid_argument");
  CHECK_EQ(code("\xff"), "invalid_argument");
  CHECK_EQ(code(std::string(200, 'n')), "accepted");
}

SCENARIO("versions are listed in pages, in the order of saving") {
  const auto one = save("one");
  save("two");
  save("three");
  const auto page = get<version_listing>(list_versions{one, 1}).versions;
  REQUIRE_EQ(page.size(), 1u);
  CHECK_EQ(page[0].name, "two");
  CHECK((version_names() == names{"one", "two", "three"}));
}

SCENARIO("a room answers so many questions about its history at once, and no more") {
  const auto one = room();
  std::vector<pending<history_answer>> asked;
  for (std::size_t i = 0; i <= history_bounds::room_requests_max; ++i)
    asked.push_back(request<history_answer>(one, history_request{{}, {}, describe_history{}}));
  consume_messages();
  CHECK_EQ(code_of(asked.back()), "rate_limited");
  asked.pop_back();
  for (const auto& answer : asked)
    CHECK_EQ(code_of(answer), "accepted");
  CHECK_EQ(code_of(past(describe_history{})), "accepted");
}

SCENARIO("a node answers so many questions about history at once, and no more") {
  std::vector<pending<history_answer>> asked;
  for (std::size_t i = 0; i <= history_bounds::node_requests_max; ++i)
    asked.push_back(request<history_answer>(historian, past_request{made.room.id, read_history{}}));
  consume_messages();
  CHECK_EQ(code_of(asked.back()), "queue_full");
  asked.pop_back();
  for (const auto& answer : asked)
    CHECK_EQ(code_of(answer), "accepted");
  CHECK_EQ(code_of(past(describe_history{})), "accepted");
}

// -- looking ------------------------------------------------------------------------------------

SCENARIO("a version shows its files, main file and language") {
  write("lib/a.txt", "12345");
  write_binary("logo.png", std::string("\0\xff", 2));
  const auto id = save("v");
  remove("lib/a.txt");
  const auto view = get<version_view>(view_version{id});
  CHECK_EQ(view.version.name, "v");
  CHECK_EQ(view.main, "main.py");
  CHECK_EQ(view.language, "python");
  REQUIRE_EQ(view.files.size(), 3u);
  CHECK_EQ(view.files[0].path, "lib/a.txt");
  CHECK_EQ(view.files[0].bytes, 5u);
  CHECK_EQ(view.files[1].path, "logo.png");
  CHECK(view.files[1].kind == file_kind::binary);
  CHECK_EQ(view.files[1].bytes, 2u);
  CHECK_EQ(text_in(id, "lib/a.txt"), "12345");
  CHECK_EQ(text_in(id, "logo.png"), std::string("\0\xff", 2));
  CHECK_EQ(code_of(past(read_version_file{id, "other.txt"})), "not_found");
}

SCENARIO("a comparison says what has become of each file") {
  write("same.txt", "same\n");
  write("gone.txt", "gone\n");
  write("changed.txt", "one\ntwo\n");
  write_binary("logo.png", "\x01");
  const auto before = save("before");
  remove("gone.txt");
  write("changed.txt", "one\n2\n");
  write("new.txt", "new\n");
  write_binary("logo.png", "\x02");
  const auto check = [&](const version_comparison& found) {
    REQUIRE_EQ(found.files.size(), 4u);
    CHECK_EQ(found.files[0].path, "changed.txt");
    CHECK(found.files[0].fate == file_fate::changed);
    CHECK_EQ(found.files[0].diff, "diff --git a/changed.txt b/changed.txt\n"
                                  "--- a/changed.txt\n+++ b/changed.txt\n"
                                  "@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
    CHECK_EQ(found.files[1].path, "gone.txt");
    CHECK(found.files[1].fate == file_fate::removed);
    CHECK_EQ(found.files[1].diff, "diff --git a/gone.txt b/gone.txt\ndeleted file mode 100644\n"
                                  "--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n");
    CHECK_EQ(found.files[2].path, "logo.png");
    CHECK(found.files[2].fate == file_fate::changed);
    CHECK_EQ(found.files[2].diff, "");
    CHECK_EQ(found.files[3].path, "new.txt");
    CHECK(found.files[3].fate == file_fate::added);
    CHECK_EQ(found.files[3].diff, "diff --git a/new.txt b/new.txt\nnew file mode 100644\n"
                                  "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+new\n");
    CHECK(!found.is_truncated);
  };
  check(get<version_comparison>(compare_version{before, {}}));
  const auto after = save("after");
  write("changed.txt", "later\n");
  check(get<version_comparison>(compare_version{before, after}));
  CHECK(get<version_comparison>(compare_version{after, after}).files.empty());
}

SCENARIO("a file with another path is the same one, moved") {
  const auto before = save("before");
  must(ask<source_read>(room(), replace_source{{}, "javascript", "print(1)\nlog\n"}));
  const auto found = get<version_comparison>(compare_version{before, {}});
  REQUIRE_EQ(found.files.size(), 1u);
  CHECK(found.files[0].fate == file_fate::moved);
  CHECK_EQ(found.files[0].from, "main.py");
  CHECK_EQ(found.files[0].path, "main.js");
  CHECK(found.files[0].diff.starts_with("diff --git a/main.py b/main.js\nrename from main.py\n"
                                        "rename to main.js\n--- a/main.py\n+++ b/main.js\n@@"));
}

// -- restoring ------------------------------------------------------------------------------------

SCENARIO("restoring brings files, texts, main file and language back, as an edit like any other") {
  come("Ada");
  write("main.py", "print('then')\n");
  write("lib/gone.txt", "was here");
  const auto id = save("then");
  must(ask<source_read>(room(), replace_source{{}, "javascript", "console.log('now')\n"}));
  remove("lib/gone.txt");
  write("new.txt", "not in the version");
  CHECK((paths() == names{"main.js", "new.txt"}));
  const auto before = get<history_summary>(describe_history{});
  const auto report = restore(id);
  CHECK_EQ(report.written, 2u);
  CHECK_EQ(report.moved, 1u);
  CHECK_EQ(report.removed, 1u);
  CHECK((paths() == names{"lib/gone.txt", "main.py"}));
  CHECK_EQ(read("main.py"), "print('then')\n");
  CHECK_EQ(read("lib/gone.txt"), "was here");
  const auto described = must(ask<room_description>(room(), describe_room{})).room;
  CHECK_EQ(described.main, "main.py");
  CHECK_EQ(described.language, "python");
  REQUIRE_EQ(told<version_restored>().size(), 1u);
  CHECK(told<version_restored>()[0].version.id == id);
  CHECK(told<file_moved>().back().path == "main.py");
  // The changes since then are history, not undone.
  const auto after = get<history_summary>(describe_history{});
  CHECK_GT(after.parts.back().last_sequence, before.parts.back().last_sequence);
  sleep();
  CHECK((paths() == names{"lib/gone.txt", "main.py"}));
  CHECK_EQ(must(ask<room_description>(room(), describe_room{})).room.language, "python");
}

SCENARIO("what is as it was is not touched when a version is restored") {
  write("main.py", "text");
  write("other.txt", "text");
  const auto id = save("v");
  write("other.txt", "other");
  const auto version_of = [&](const std::string& path) {
    return must(ask<file_read>(room(), read_file{{}, path})).version;
  };
  const auto before = version_of("main.py");
  CHECK_EQ(restore(id).written, 1u);
  CHECK_EQ(version_of("main.py"), before);
  const auto again = restore(id);
  CHECK_EQ(again.written + again.moved + again.removed, 0u);
}

SCENARIO("what somebody types while a version is restored stays, where the text does not change") {
  write("main.py", "one\ntwo\nthree\n");
  const auto id = save("v");
  write("main.py", "one\n2\nthree\n");
  // A client that has not seen the restored text yet writes a change of the one before.
  auto typing = put("main.py", "one\n2\nthree\nfour\n");
  typing.who.client = "ada";
  must(ask<file_read>(room(), read_file{typing.who, "main.py"}));
  restore(id);
  must(ask<file_written>(room(), typing));
  CHECK_EQ(read("main.py"), "one\ntwo\nthree\nfour\n");
}

SCENARIO("binary content that the document dropped long ago comes back, and stays") {
  write_binary("logo.png", std::string("\0picture", 8));
  const auto id = save("with logo");
  remove("logo.png");
  compact();
  wall_now += 1h;
  compact();
  CHECK_EQ(read("logo.png"), "not_found");
  CHECK_EQ(restore(id).written, 1u);
  CHECK_EQ(read("logo.png"), std::string("\0picture", 8));
  must(past(remove_version{id}, made.tokens.owner));
  wall_now += 1h;
  compact();
  CHECK_EQ(read("logo.png"), std::string("\0picture", 8));
}

SCENARIO("content that is written again after the store dropped it is stored again") {
  write_binary("logo.png", "\x01");
  write_binary("logo.png", "\x02");
  wall_now += 1h;
  write("large.txt", std::string(journal_bounds::tail_bytes_max, 'x'));
  write("small.txt", "the snapshot comes with this");
  CHECK_EQ(std::ranges::count(disk->order, "snapshot"), 1);
  write_binary("logo.png", "\x01");
  sleep();
  CHECK_EQ(read("logo.png"), "\x01");
}

SCENARIO("a file that became another kind of file is what it was") {
  write("a", "text");
  write_binary("b", "\x01");
  const auto id = save("v");
  write_binary("a", "\x02");
  write("b", "text");
  restore(id);
  CHECK_EQ(read("a"), "text");
  CHECK_EQ(read("b"), "\x01");
  CHECK(!must(ask<file_read>(room(), read_file{{}, "b"})).is_text);
}

SCENARIO("a restoration that the store refuses ends the room, and nothing of it is there then") {
  const auto id = save("v");
  write("main.py", "later");
  disk->next_write = failure{errc::system, "disk full"};
  CHECK_EQ(code_of(past(restore_version{id})), "unavailable");
  pass(100ms);
  CHECK_EQ(read("main.py"), "later");
}

END_FIXTURE_SCOPE()
