#define CAF_SUITE document_files

#include "actors/document_files.hpp"

#include "actors/room.hpp"
#include "base/text.hpp"
#include "crdt/utf16.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <random>

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

constexpr timestamp at{1'700'000'000'000ms};

struct fixture {
  /// An entry as a client might write it; keys without a value are left out.
  crdt::shared_type entry(std::string_view id, std::string_view path,
                          std::string_view kind = "text", std::string_view text = {}) {
    crdt::shared_type made;
    doc.transact([&](crdt::transaction& edit) {
      made = *edit.set_type(doc.root("files"), id, crdt::type_kind::map);
      CAF_REQUIRE(edit.set(made, "path", path).has_value());
      if (!kind.empty())
        CAF_REQUIRE(edit.set(made, "kind", kind).has_value());
      const auto body = edit.set_type(made, "text", crdt::type_kind::text);
      CAF_REQUIRE(edit.insert_text(*body, 0, text).has_value());
    });
    return made;
  }
  void set(const crdt::shared_type& map, std::string_view key, const crdt::any& value) {
    doc.transact(
      [&](crdt::transaction& edit) { CAF_REQUIRE(edit.set(map, key, value).has_value()); });
  }
  void erase(const crdt::shared_type& map, std::string_view key) {
    doc.transact([&](crdt::transaction& edit) { CAF_REQUIRE(edit.erase(map, key).has_value()); });
  }
  static crdt::shared_type body_of(const crdt::shared_type& entry) {
    return std::get<crdt::shared_type>(*entry.get("text"));
  }

  names paths() {
    names all;
    for (const auto& [path, file] : files.all())
      all.push_back(path);
    return all;
  }
  std::string text(std::string_view path) {
    const auto* file = files.find(path);
    return file ? files.text_of(*file) : "no such file";
  }
  void merge(std::string_view path, std::string_view base, std::string_view wanted) {
    doc.transact([&](crdt::transaction& edit) {
      CAF_REQUIRE(files.merge_text(edit, *files.find(path), base, wanted).has_value());
    });
  }
  /// What becomes of a text that others made `current` of, when a client wants `wanted`.
  std::string merged(std::string_view base, std::string_view current, std::string_view wanted) {
    entry("m", "m", "text", current);
    merge("m", base, wanted);
    return text("m");
  }

  crdt::doc doc;
  document_files files{doc};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a file is an entry with a path; without a kind it is text") {
  entry("1", "main.py", "text", "print(1)");
  entry("2", "src/lib.py", "");
  entry("3", "docs", "directory");
  CHECK((paths() == names{"docs", "main.py", "src/lib.py"}));
  CHECK_EQ(text("main.py"), "print(1)");
  CHECK(files.find("src/lib.py")->kind == file_kind::text);
  CHECK(files.find("docs")->kind == file_kind::directory);
  CHECK_EQ(files.find_by_id("1")->path, "main.py");
  CHECK(files.find_by_id("4") == nullptr);
}

SCENARIO("what is written here is read by the convention") {
  doc.transact([&](crdt::transaction& edit) {
    REQUIRE(files.create_text(edit, "main.py", "print(1)"));
    REQUIRE(files.create_binary(edit, "logo.png", hash_content("png"), 3));
  });
  const auto* main = files.find("main.py");
  REQUIRE(main != nullptr);
  doc.transact([&](crdt::transaction& edit) { files.set_main(edit, *main); });
  CHECK(files.main() == main);
  const auto json = doc.root("files").to_json();
  CHECK(json.find(R"("path":"main.py")") != json.npos);
  CHECK(json.find(R"("kind":"text")") != json.npos);
  CHECK(json.find("\"text\":\"print(1)\"") != json.npos);
  CHECK(json.find(R"("kind":"binary")") != json.npos);
  CHECK_EQ(doc.root("meta").to_json(), R"({"main":")" + main->id + R"("})");
  CHECK_EQ(files.find("logo.png")->blob, hash_content("png"));
  CHECK_EQ(files.size_of(*files.find("logo.png")), 3u);
  CHECK((files.blobs() == names{hash_content("png")}));
  CHECK_EQ(files.total_size(), 11u);
}

SCENARIO("a file may be the root text with the empty name, for clients that edit only that") {
  doc.transact([&](crdt::transaction& edit) {
    CAF_REQUIRE(files.create_root_text(edit, "main.py", "one").has_value());
  });
  CHECK_EQ(text("main.py"), "one");
  CHECK_EQ(doc.root("").to_string(), "one");
  files.stamp(at);
  const auto version = files.find("main.py")->version;
  doc.transact([&](crdt::transaction& edit) {
    CAF_REQUIRE(edit.insert_text(doc.root(""), 3, " two").has_value());
  });
  files.stamp(at);
  CHECK_EQ(text("main.py"), "one two");
  CHECK_EQ(files.find("main.py")->version, version + 1);
  CHECK_EQ(files.size_of(*files.find("main.py")), 7u);
  merge("main.py", "one", "zero one");
  CHECK_EQ(doc.root("").to_string(), "zero one two");
  doc.transact([&](crdt::transaction& edit) { files.remove(edit, *files.find("main.py")); });
  CHECK(files.all().empty());
  CHECK_EQ(doc.root("").to_string(), "");
}

SCENARIO("one file at most is the root text, and no other root can be a file") {
  set(entry("a", "a.txt"), "root", crdt::any(""));
  set(entry("b", "b.txt"), "root", crdt::any(""));
  set(entry("c", "c.txt", "text", "own"), "root", crdt::any("files"));
  CHECK((paths() == names{"a.txt", "c.txt"}));
  CHECK_EQ(text("c.txt"), "own");
}

SCENARIO("of two files of one path the smaller id keeps it, the other one shows with a number") {
  entry("b", "src/main.py", "text", "second");
  entry("a", "src/main.py", "text", "first");
  entry("c", "src/main.py", "text", "third");
  CHECK((paths() == names{"src/main (2).py", "src/main (3).py", "src/main.py"}));
  CHECK_EQ(text("src/main.py"), "first");
  CHECK_EQ(text("src/main (2).py"), "second");
  entry("d", ".profile");
  entry("e", ".profile");
  entry("f", "a.b/Makefile");
  entry("g", "a.b/Makefile");
  CHECK(files.find(".profile (2)") != nullptr);
  CHECK(files.find("a.b/Makefile (2)") != nullptr);
}

SCENARIO("a number goes away with the file that had the path before") {
  entry("a", "x");
  entry("b", "x", "text", "second");
  CHECK_EQ(text("x (2)"), "second");
  erase(doc.root("files"), "a");
  CHECK((paths() == names{"x"}));
  CHECK_EQ(text("x"), "second");
}

SCENARIO("entries that make no sense are not shown") {
  for (const char* path : {"", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".", "a\nb"})
    entry(std::string("id of ") + path, path);
  set(doc.root("files"), "no map", 1.0);
  set(entry("no path", "x"), "path", true);
  entry("no blob", "y", "binary");
  set(entry("bad blob", "z", "binary"), "blob", "00zz");
  CHECK(paths().empty());
  CHECK(files.main() == nullptr);
  entry("good", "a");
  CHECK((paths() == names{"a"}));
}

SCENARIO("a file inside a file is not shown, whichever came first") {
  entry("1", "a");
  entry("2", "a/b");
  entry("3", "c/d");
  entry("4", "c");
  entry("5", "c/d/e");
  entry("6", "dir", "directory");
  entry("7", "dir/f");
  CHECK((paths() == names{"a", "c", "dir", "dir/f"}));
  CHECK(files.find_by_id("2") == nullptr);
  erase(doc.root("files"), "4");
  CHECK((paths() == names{"a", "c/d", "dir", "dir/f"}));
}

SCENARIO("no more than files_max files are shown, and finding names for them ends") {
  doc.transact([&](crdt::transaction& edit) {
    for (std::size_t i = 0; i < room_bounds::files_max + 50; ++i) {
      const auto made = edit.set_type(doc.root("files"), std::to_string(i), crdt::type_kind::map);
      REQUIRE(edit.set(*made, "path", "same.py"));
    }
  });
  CHECK_EQ(files.all().size(), room_bounds::files_max);
}

SCENARIO("a rename keeps the file and what is typed meanwhile") {
  doc.transact([&](crdt::transaction& edit) { (void)files.create_text(edit, "old.py", "text"); });
  crdt::doc other;
  REQUIRE(other.apply_update(doc.encode_state_as_update()));
  const auto id = files.find("old.py")->id;
  doc.transact(
    [&](crdt::transaction& edit) { REQUIRE(files.rename(edit, *files.find("old.py"), "new.py")); });
  const auto typed = other.transact([&](crdt::transaction& edit) {
    const auto file = std::get<crdt::shared_type>(*other.root("files").get(id));
    REQUIRE(edit.insert_text(body_of(file), 4, " typed"));
  });
  REQUIRE(doc.apply_update(typed));
  CHECK((paths() == names{"new.py"}));
  CHECK_EQ(files.find("new.py")->id, id);
  CHECK_EQ(text("new.py"), "text typed");
}

SCENARIO("each file carries the number and time of its last change") {
  const auto one = entry("1", "one");
  entry("2", "two");
  files.stamp(at);
  doc.transact([&](crdt::transaction& edit) { (void)edit.insert_text(body_of(one), 0, "x"); });
  files.stamp(at + 1s);
  set(one, "path", "uno");
  files.stamp(at + 2s);
  CHECK_EQ(files.find("uno")->version, 3u);
  CHECK(files.find("uno")->modified_at == at + 2s);
  CHECK_EQ(files.find("two")->version, 1u);
  set(doc.root("meta"), "title", "t");
  files.stamp(at + 3s);
  CHECK_EQ(files.find("uno")->version, 3u);
}

SCENARIO("a file that is made again under its old path has a greater version") {
  entry("1", "a");
  files.stamp(at);
  erase(doc.root("files"), "1");
  files.stamp(at);
  entry("1", "a");
  files.stamp(at);
  CHECK_EQ(files.find("a")->version, 2u);
}

SCENARIO("the tree changes with paths, kinds and the main file, not with texts") {
  files.take_tree_changed();
  const auto one = entry("1", "one");
  CHECK(files.take_tree_changed());
  CHECK(!files.take_tree_changed());
  doc.transact([&](crdt::transaction& edit) { (void)edit.insert_text(body_of(one), 0, "x"); });
  CHECK(!files.take_tree_changed());
  set(one, "path", "uno");
  CHECK(files.take_tree_changed());
  set(doc.root("meta"), "main", "1");
  CHECK(files.take_tree_changed());
}

SCENARIO("versions and times survive being stored") {
  entry("1", "one");
  files.stamp(at);
  entry("2", "two");
  files.stamp(at + 1s);
  const auto details = files.encode_details();
  crdt::doc loaded;
  document_files again(loaded);
  REQUIRE(loaded.apply_update(doc.encode_state_as_update()));
  REQUIRE(again.decode_details(details));
  again.forget_changes();
  CHECK_EQ(again.find("one")->version, 1u);
  CHECK(again.find("one")->modified_at == at);
  CHECK_EQ(again.find("two")->version, 1u);
  again.stamp(at + 2s); // nothing changed since
  CHECK_EQ(again.find("two")->version, 1u);
  CHECK_EQ(again.encode_details(), details);
}

SCENARIO("details that were cut or are of another format are refused") {
  entry("1", "one");
  files.stamp(at);
  const auto details = files.encode_details();
  CHECK(files.decode_details(""));
  for (std::size_t size = 1; size < details.size(); ++size)
    CHECK(!files.decode_details(details.substr(0, size)));
  CHECK(!files.decode_details("\2" + details.substr(1)));
}

SCENARIO("a text that somebody left out, or made something else, can be written") {
  const auto bare = entry("1", "bare");
  erase(bare, "text");
  const auto odd = entry("2", "odd");
  set(odd, "text", "plain");
  CHECK_EQ(text("bare"), "");
  CHECK_EQ(text("odd"), "");
  merge("bare", "", "now");
  merge("odd", "", "now");
  CHECK_EQ(text("bare"), "now");
  CHECK_EQ(text("odd"), "now");
}

// -- merging ------------------------------------------------------------------------------------

SCENARIO("what others typed stays when a client sends a text that lacks it") {
  CHECK_EQ(merged("one\n", "zero\none\n", "one\ntwo\n"), "zero\none\ntwo\n");
  CHECK_EQ(merged("one\n", "one\ntwo\n", "zero\none\n"), "zero\none\ntwo\n");
  CHECK_EQ(merged("abc", "aXbc", "abYc"), "aXbYc");
  CHECK_EQ(merged("", "theirs", "mine"), "minetheirs");
  CHECK_EQ(merged("abc", "abcd", "abc"), "abcd"); // nothing changed
  CHECK_EQ(merged("abc", "abc", "xyz"), "xyz");   // nobody else did
}

SCENARIO("what both removed is gone once, and what one removed the other does not bring back") {
  CHECK_EQ(merged("0123456789", "0156789", "0126789"), "016789");
  CHECK_EQ(merged("0123456789", "0189", "0134569"), "019");
  CHECK_EQ(merged("0123456789", "89", "01"), "");
  CHECK_EQ(merged("0123456789", "", "01234X56789"), "X");
  CHECK_EQ(merged("0123456789", "01234X56789", ""), "X");
  CHECK_EQ(merged("0123456789", "01AB6789", "0123CD89"), "01ABCD89");
}

SCENARIO("what is typed inside a stretch that the other removes stays") {
  CHECK_EQ(merged("ab cde", "ab cXde", "ab"), "abX");
  CHECK_EQ(merged("[removed]", "[]", "[remo-ved]"), "[-]");
}

SCENARIO("characters outside the basic plane are never cut") {
  CHECK_EQ(merged("😀", "😀😁", "😂😀"), "😂😀😁");
  CHECK_EQ(merged("a😀b", "ab", "a😀😀b"), "a😀b");
  CHECK_EQ(merged("😀😁😂", "😀😂", "😀😁"), "😀");
  CHECK_EQ(merged("x😀y", "x😁y", "x😂y").size(), 10u); // both of them
}

SCENARIO("an embedded value is kept in its place") {
  const auto made = entry("1", "rich", "text", "ab");
  doc.transact([&](crdt::transaction& edit) {
    REQUIRE(edit.insert_embed(body_of(made), 1, crdt::any{1.0}, {}));
  });
  merge("rich", "ab", "abc");
  CHECK_EQ(text("rich"), "abc");
  CHECK_EQ(body_of(made).length(), 4u);
  CHECK_EQ(body_of(made).to_delta().size(), 3u);
}

SCENARIO("merging a text made from any old one keeps what both sides put in, and brings back "
         "nothing") {
  const auto seed = std::random_device{}();
  CAF_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  using letters = std::u32string;
  const auto utf8 = [](const letters& text) {
    std::string all;
    for (const auto c : text) {
      if (c < 0x80) {
        all += static_cast<char>(c);
      } else {
        all += static_cast<char>(0xf0 | c >> 18);
        all += static_cast<char>(0x80 | (c >> 12 & 0x3f));
        all += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        all += static_cast<char>(0x80 | (c & 0x3f));
      }
    }
    return all;
  };
  // Every character is there once, so that each is told apart; every other one is a surrogate pair.
  char32_t next = 0;
  const auto fresh = [&]() -> char32_t {
    return ++next % 2 == 0 ? 0x10000 + next : 0x10800 + next;
  };
  const auto changed = [&](letters text) {
    for (auto edits = pick(4); edits > 0; --edits) {
      const auto from = pick(text.size() + 1);
      text.erase(from, pick(4) == 0 ? pick(text.size() - from + 1) : 0);
      for (auto count = pick(4); count > 0; --count)
        text.insert(from, 1, fresh());
    }
    return text;
  };
  const auto holds = [](const letters& text, char32_t c) { return text.find(c) != text.npos; };
  for (int round = 0; round < 500; ++round) {
    next = 0;
    letters base;
    for (auto count = pick(20); count > 0; --count)
      base += fresh();
    const auto theirs = changed(base);
    const auto mine = changed(base);
    const auto result = merged(utf8(base), utf8(theirs), utf8(mine));
    letters expected; // in any order
    std::size_t bytes = 0;
    for (char32_t c = 0; c < next + 1; ++c)
      for (const char32_t letter : {0x10000 + c, 0x10800 + c}) {
        const bool in_base = holds(base, letter);
        const bool stays = in_base ? holds(theirs, letter) && holds(mine, letter)
                                   : holds(theirs, letter) || holds(mine, letter);
        const auto found = result.find(utf8(letters(1, letter))) != result.npos;
        if (found != stays)
          CAF_FAIL("round " << round << ": " << utf8(base) << " | " << utf8(theirs) << " | "
                            << utf8(mine) << " -> " << result);
        bytes += stays ? 4 : 0;
      }
    CHECK_EQ(result.size(), bytes);
  }
}

END_FIXTURE_SCOPE()
