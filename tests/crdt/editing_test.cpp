#define CAF_SUITE editing

// Writing to a document through transactions.

#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

#include <limits>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

/// U+1F600: four bytes, two units.
const std::string smile = "\xf0\x9f\x98\x80";
const std::string half = "\xef\xbf\xbd";

/// Two replicas: the edits of one, and what another made of the updates that they gave.
struct pair {
  explicit pair(client_id client = 1) : here(writer_named(client)), there(passive()) {}

  shared_type root(std::string_view name = "t") {
    return here.root(name);
  }
  shared_type mirror(std::string_view name = "t") {
    return there.root(name);
  }

  std::string edit(const std::function<void(transaction&)>& steps) {
    auto update = here.transact(steps);
    demand_sound(here, "after an edit");
    if (!update.empty())
      apply(there, update, "elsewhere");
    demand(here.encode_state_vector() == there.encode_state_vector(), "the update lacks units");
    demand(here.encode_state_as_update() == there.encode_state_as_update(),
           "the update had another effect elsewhere");
    return update;
  }

  /// One edit that must be refused and change nothing.
  template <class F>
  std::string refusal(F step) {
    const auto before = moment_of(here);
    std::string why;
    const auto update = here.transact([&](transaction& edit) { why = code_of(step(edit)); });
    demand(update.empty(), "a refused edit gives an update");
    demand(moment_of(here) == before, "a refused edit left a trace");
    demand_sound(here, "after a refusal");
    return why;
  }

  std::string insert(std::uint64_t index, std::string_view text,
                     const text_attributes& attributes = {}) {
    return edit([&](transaction& t) { must(t.insert_text(root(), index, text, attributes)); });
  }
  std::string remove(std::uint64_t index, std::uint64_t count) {
    return edit([&](transaction& t) { must(t.remove(root(), index, count)); });
  }
  std::string format(std::uint64_t index, std::uint64_t count, const text_attributes& attributes) {
    return edit([&](transaction& t) { must(t.format(root(), index, count, attributes)); });
  }
  std::string replace(std::string_view text) {
    return edit([&](transaction& t) { must(t.replace_text(root(), text)); });
  }

  json::value delta() {
    demand(plain_delta(mirror()) == plain_delta(root()), "formats differ elsewhere");
    return plain_delta(root());
  }

  doc here;
  doc there;
};

json::value parsed(std::string_view text) {
  return with_doubles(json::parse(text));
}

std::string recorded_state(std::string_view name) {
  return bytes_of(case_named("structs", name).at("state"));
}

/// Steps, each a transaction of its own as in Yjs outside of doc.transact, by client `client`.
doc written(client_id client, const std::vector<std::function<void(doc&, transaction&)>>& steps,
            bool collects_garbage = true) {
  doc_options options;
  options.client = client;
  options.collects_garbage = collects_garbage;
  doc out(options);
  for (const auto& step : steps)
    out.transact([&](transaction& t) { step(out, t); });
  return out;
}

} // namespace

SCENARIO("text edits give the bytes that Yjs writes for them") {
  const auto hello = [](doc& d, transaction& t) { must(t.insert_text(d.root("t"), 0, "hello")); };
  const auto cut = [](doc& d, transaction& t) { must(t.remove(d.root("t"), 1, 3)); };
  CHECK(written(1, {hello}).encode_state_as_update() == recorded_state("string"));
  CHECK(written(1, {hello, cut}).encode_state_as_update() == recorded_state("deleted"));
  CHECK(written(1, {hello, cut}, false).encode_state_as_update()
        == bytes_of(case_named("structs", "deleted-nogc").at("update")));
  const auto astral = written(
    1, {[](doc& d, transaction& t) { must(t.insert_text(d.root("t"), 0, "a" + smile + "b")); }});
  CHECK(astral.encode_state_as_update() == recorded_state("string-astral"));
}

SCENARIO("rich text edits give the bytes that Yjs writes for them") {
  const auto embed =
    written(1, {[](doc& d, transaction& t) {
              must(t.insert_embed(d.root("t"), 0,
                                  any::object{{"image", "x"}, {"n", any::array{any(1), any(2)}}}));
            }});
  CHECK(embed.encode_state_as_update() == recorded_state("embed"));
  const auto format =
    written(1, {[](doc& d, transaction& t) { must(t.insert_text(d.root("t"), 0, "abcdef")); },
                [](doc& d, transaction& t) {
                  must(t.format(d.root("t"), 1, 3, {{"bold", true}, {"color", "#f00"}}));
                }});
  CHECK(format.encode_state_as_update() == recorded_state("format"));
}

SCENARIO("list and map edits give the bytes that Yjs writes for them") {
  const auto list =
    written(1, {[](doc& d, transaction& t) {
              const any::object inner{{"z", "q"}};
              const any::object outer{{"k", any::array{any(1), any(inner)}}};
              must(t.insert(d.root("a"), 0,
                            {any(1), any(-1), any("x"), any(any::null{}), any(true), any(1.5),
                             any(outer), any(any::array{any(any::array{})})}));
            }});
  CHECK(list.encode_state_as_update() == recorded_state("any"));
  const auto binary = written(1, {[](doc& d, transaction& t) {
                                must(t.insert(d.root("a"), 0, {any(any::bytes{"\1\2\3"})}));
                              }});
  CHECK(binary.encode_state_as_update() == recorded_state("binary"));
  const auto set = [](std::string_view key, any value) {
    return [key, value](doc& d, transaction& t) { must(t.set(d.root("m"), key, value)); };
  };
  const auto map =
    written(1, {set("k", 1), set("k", "two"), set("u", any()),
                set("big", any::bigint{static_cast<std::int64_t>(12345678901234567890U)}),
                [](doc& d, transaction& t) { must(t.erase(d.root("m"), "k")); }});
  CHECK(map.encode_state_as_update() == recorded_state("any-map"));
}

SCENARIO("nested types give the bytes that Yjs writes for them") {
  for (const auto& [name, kind, node] :
       std::vector<std::tuple<std::string, type_kind, std::string>>{
         {"array", type_kind::array, ""},
         {"map", type_kind::map, ""},
         {"text", type_kind::text, ""},
         {"xmlelement", type_kind::xml_element, "para"},
         {"xmlfragment", type_kind::xml_fragment, ""},
         {"xmlhook", type_kind::xml_hook, "hook"},
         {"xmltext", type_kind::xml_text, ""}}) {
    const auto d = written(7, {[&](doc& d, transaction& t) {
                             const auto made = must(t.set_type(d.root("m"), "k", kind, node));
                             CHECK(made.kind() == kind);
                             CHECK_EQ(made.name(), node);
                           }});
    demand(d.encode_state_as_update() == recorded_state("type-" + name), name);
  }
  const auto nested = written(
    9, {[](doc& d, transaction& t) { must(t.set_type(d.root("m"), "list", type_kind::array)); },
        [](doc& d, transaction& t) {
          const auto list = std::get<shared_type>(*d.root("m").get("list"));
          must(t.insert_type(list, 0, type_kind::text));
          must(t.insert(list, 1, {any(1)}));
        },
        [](doc& d, transaction& t) {
          const auto list = std::get<shared_type>(*d.root("m").get("list"));
          must(t.insert_text(std::get<shared_type>(*list.at(0)), 0, "deep"));
        },
        [](doc& d, transaction& t) {
          const auto list = std::get<shared_type>(*d.root("m").get("list"));
          must(t.insert_type(list, 2, type_kind::map));
        },
        [](doc& d, transaction& t) {
          const auto list = std::get<shared_type>(*d.root("m").get("list"));
          must(t.set(std::get<shared_type>(*list.at(2)), "x", 1));
        }});
  CHECK(nested.encode_state_as_update() == recorded_state("nested"));
}

SCENARIO("an edit without effect gives no update") {
  pair p;
  CHECK_EQ(p.edit([](transaction&) {}), "");
  CHECK_EQ(p.insert(0, ""), "");
  p.insert(0, "abc");
  const auto version = p.here.version();
  CHECK_EQ(p.remove(1, 0), "");
  CHECK_EQ(p.replace("abc"), "");
  CHECK_EQ(p.edit([&](transaction& t) { must(t.erase(p.root("m"), "none")); }), "");
  CHECK_EQ(p.edit([&](transaction& t) { must(t.insert(p.root("a"), 0, {})); }), "");
  CHECK_EQ(p.here.version(), version);
  p.insert(0, "d");
  CHECK_GT(p.here.version(), version);
}

SCENARIO("positions count UTF-16 units") {
  pair p;
  p.insert(0, "a" + smile + "b");
  CHECK_EQ(p.root().length(), 4u);
  p.insert(3, "x");
  CHECK_EQ(p.mirror().to_string(), "a" + smile + "xb");
  p.remove(1, 2);
  CHECK_EQ(p.mirror().to_string(), "axb");
}

SCENARIO("an edit inside a surrogate pair leaves two replacement characters") {
  pair p;
  p.insert(0, smile);
  p.insert(1, "x");
  CHECK_EQ(p.mirror().to_string(), half + "x" + half);
  pair q;
  q.insert(0, smile + smile);
  q.remove(1, 2);
  CHECK_EQ(q.mirror().to_string(), half + half);
  CHECK_EQ(q.root().length(), 2u);
}

SCENARIO("a part of a text is read by units") {
  pair p;
  p.insert(0, "ab" + smile + "cd");
  p.insert(6, "ef");
  const auto text = p.root();
  CHECK_EQ(text.to_string(0, 2), "ab");
  CHECK_EQ(text.to_string(2, 2), smile);
  CHECK_EQ(text.to_string(3, 2), half + "c");
  CHECK_EQ(text.to_string(1, 2), "b" + half);
  CHECK_EQ(text.to_string(5, 100), "def");
  CHECK_EQ(text.to_string(100, 1), "");
  CHECK_EQ(text.to_string(0, std::numeric_limits<std::uint64_t>::max()), text.to_string());
  CHECK_EQ(text.to_string(1, std::numeric_limits<std::uint64_t>::max()), text.to_string(1, 7));
}

SCENARIO("positions beyond the end are refused and change nothing") {
  pair p;
  p.insert(0, "abc");
  p.edit([&](transaction& t) { must(t.insert(p.root("a"), 0, {any(1), any(2)})); });
  constexpr auto far = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t index : {std::uint64_t{4}, far}) {
    CHECK_EQ(p.refusal([&](transaction& t) { return t.insert_text(p.root(), index, "x"); }),
             "invalid_argument");
    CHECK_EQ(p.refusal([&](transaction& t) { return t.insert_embed(p.root(), index, any(1)); }),
             "invalid_argument");
    CHECK_EQ(p.refusal([&](transaction& t) { return t.insert(p.root("a"), index, {any(1)}); }),
             "invalid_argument");
    CHECK_EQ(
      p.refusal([&](transaction& t) { return t.insert_type(p.root("a"), index, type_kind::map); }),
      "invalid_argument");
  }
  for (const auto& [index, count] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
         {0, 4}, {3, 1}, {4, 0}, {1, far}, {far, far}, {far, 1}}) {
    CHECK_EQ(
      p.refusal([&, i = index, n = count](transaction& t) { return t.remove(p.root(), i, n); }),
      "invalid_argument");
    CHECK_EQ(p.refusal([&, i = index, n = count](transaction& t) {
      return t.format(p.root(), i, n, {{"bold", true}});
    }),
             "invalid_argument");
  }
  CHECK_EQ(p.root().to_string(), "abc");
}

SCENARIO("text that is not UTF-8 is refused") {
  pair p;
  CHECK_EQ(p.refusal([&](transaction& t) { return t.insert_text(p.root(), 0, "\xff"); }),
           "invalid_argument");
  CHECK_EQ(p.refusal([&](transaction& t) { return t.insert_text(p.root(), 0, "\xed\xa0\x80"); }),
           "invalid_argument");
  CHECK_EQ(p.refusal([&](transaction& t) { return t.replace_text(p.root(), "a\xc3"); }),
           "invalid_argument");
  CHECK_EQ(p.refusal([&](transaction& t) { return t.set(p.root("m"), "\xc3", 1); }),
           "invalid_argument");
}

SCENARIO("an embedded value is one unit that is not text") {
  pair p;
  p.insert(0, "ab");
  p.edit([&](transaction& t) {
    must(t.insert_embed(p.root(), 1, any::object{{"image", "x"}}, {{"wide", true}}));
  });
  CHECK_EQ(p.mirror().length(), 3u);
  CHECK_EQ(p.mirror().to_string(), "ab");
  CHECK(p.delta()
        == parsed(R"([{"insert":"a"},)"
                  R"({"insert":{"image":"x"},"attributes":{"wide":true}},)"
                  R"({"insert":"b"}])"));
  CHECK_EQ(p.refusal([&](transaction& t) { return t.insert_embed(p.root(), 0, any()); }),
           "invalid_argument");
  CHECK_EQ(
    p.refusal([&](transaction& t) { return t.insert_embed(p.root(), 0, any(any::bytes{"x"})); }),
    "invalid_argument");
}

SCENARIO("formats cover exactly the units that were asked for") {
  pair p;
  p.insert(0, "abcdef");
  p.format(1, 3, {{"bold", true}});
  CHECK(
    p.delta()
    == parsed(R"([{"insert":"a"},{"insert":"bcd","attributes":{"bold":true}},{"insert":"ef"}])"));
  p.format(2, 3, {{"bold", any::null{}}});
  CHECK(p.delta()
        == parsed(R"([{"insert":"a"},{"insert":"b","attributes":{"bold":true}},)"
                  R"({"insert":"cdef"}])"));
  p.format(0, 6, {{"color", "red"}});
  CHECK(p.delta()
        == parsed(R"([{"insert":"a","attributes":{"color":"red"}},)"
                  R"({"insert":"b","attributes":{"bold":true,"color":"red"}},)"
                  R"({"insert":"cdef","attributes":{"color":"red"}}])"));
  CHECK_EQ(p.mirror().length(), 6u);
  CHECK_EQ(p.mirror().to_string(), "abcdef");
}

SCENARIO("formatting half of a surrogate pair formats all of it and changes no text") {
  pair p;
  p.insert(0, "a" + smile + "b");
  const auto nothing = p.here.transact([&](transaction& t) {
    must(t.format(p.root(), 2, 1, {{"bold", any::null{}}})); // may leave the run cut, as in Yjs
  });
  CHECK_EQ(nothing, "");
  CHECK_EQ(p.root().to_string(), "a" + smile + "b");
  pair q;
  q.insert(0, "a" + smile + "b");
  q.format(0, 2, {{"bold", true}});
  CHECK_EQ(q.mirror().to_string(), "a" + smile + "b");
  CHECK(q.delta()
        == parsed("[{\"insert\":\"a" + smile
                  + "\",\"attributes\":{\"bold\":true}},{\"insert\":\"b\"}]"));
}

SCENARIO("inserted text takes the formats at its place unless told otherwise") {
  pair p;
  p.insert(0, "ab", {{"bold", true}});
  p.insert(2, "c");
  CHECK(p.delta() == parsed(R"([{"insert":"abc","attributes":{"bold":true}}])"));
  p.insert(3, "d", {{"bold", any::null{}}});
  CHECK(p.delta() == parsed(R"([{"insert":"abc","attributes":{"bold":true}},{"insert":"d"}])"));
  p.insert(1, "x", {{"bold", any::null{}}, {"color", 1}});
  CHECK(p.delta()
        == parsed(R"([{"insert":"a","attributes":{"bold":true}},)"
                  R"({"insert":"x","attributes":{"color":1}},)"
                  R"({"insert":"bc","attributes":{"bold":true}},{"insert":"d"}])"));
}

SCENARIO("a whole text is replaced by what changed in it") {
  pair p;
  p.insert(0, "int main() {\n  return 0;\n}\n");
  const auto update = p.replace("int main() {\n  return 1;\n}\n");
  CHECK_EQ(p.mirror().to_string(), "int main() {\n  return 1;\n}\n");
  CHECK_LT(update.size(), 40u);
  const auto range = must(measure_update(update));
  REQUIRE_EQ(range.to.size(), 1u);
  CHECK_EQ(range.to.at(1) - range.from.at(1), 1u);
  p.replace("");
  CHECK_EQ(p.mirror().length(), 0u);
  p.replace("new");
  CHECK_EQ(p.mirror().to_string(), "new");
}

SCENARIO("replacing a text keeps the edits that others made at the same time") {
  pair p;
  p.insert(0, "alpha\nbeta\ngamma\n");
  auto other = writer_named(2);
  apply(other, p.here.encode_state_as_update(), "other");
  const auto theirs =
    other.transact([&](transaction& t) { must(t.insert_text(other.root("t"), 6, "better ")); });
  p.replace("alpha 1\nbeta\ndelta\n");
  apply(p.here, theirs, "merge");
  CHECK_EQ(p.root().to_string(), "alpha 1\nbetter beta\ndelta\n");
}

SCENARIO("replacing a text never cuts a surrogate pair") {
  pair p;
  const std::string grin = "\xf0\x9f\x98\x81"; // shares its first unit with `smile`
  p.insert(0, "a" + smile + "b");
  p.replace("a" + grin + "b");
  CHECK_EQ(p.mirror().to_string(), "a" + grin + "b");
  const std::string wave = "\xf0\x9f\x91\x8b"; // another first unit
  p.replace(wave + "a" + smile + grin + "b" + wave);
  CHECK_EQ(p.mirror().to_string(), wave + "a" + smile + grin + "b" + wave);
  p.replace(wave + grin + wave);
  CHECK_EQ(p.mirror().to_string(), wave + grin + wave);
}

SCENARIO("random replacements always end with the text asked for") {
  dice luck(7);
  const std::vector<std::string> pieces{
    "a", "b", "\n", smile, "\xf0\x9f\x98\x81", "\xc3\xa9", "word ", "\xe4\xb8\xad"};
  pair p;
  std::string text;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> next;
    for (auto n = luck.below(30); n > 0; --n)
      next.push_back(pieces[luck.below(pieces.size())]);
    text.clear();
    for (const auto& piece : next)
      text += piece;
    p.replace(text);
    demand(p.root().to_string() == text, "replaced otherwise here");
    demand(p.mirror().to_string() == text, "replaced otherwise elsewhere");
  }
}

SCENARIO("map entries are set, replaced and erased") {
  pair p;
  p.edit([&](transaction& t) {
    must(t.set(p.root("m"), "a", 1));
    must(t.set(p.root("m"), "b", "two"));
    must(t.set(p.root("m"), "a", any::null{}));
  });
  CHECK_EQ(p.mirror("m").to_json(), R"({"a":null,"b":"two"})");
  CHECK_EQ(p.mirror("m").key_count(), 2u);
  p.edit([&](transaction& t) { must(t.erase(p.root("m"), "a")); });
  CHECK_EQ(p.mirror("m").to_json(), R"({"b":"two"})");
  CHECK(!p.mirror("m").get("a"));
  CHECK_EQ(p.mirror("m").keys(), std::vector<std::string>{"b"});
  p.edit([&](transaction& t) { must(t.set(p.root("m"), "a", true)); });
  CHECK(std::get<any>(*p.mirror("m").get("a")) == any(true));
}

SCENARIO("list elements are inserted, read and removed") {
  pair p;
  p.edit([&](transaction& t) {
    must(t.insert(p.root("a"), 0, {any(1), any(2), any(3)}));
    must(t.insert(p.root("a"), 1, {any("x"), any(any::bytes{std::string("\0\1", 2)}), any()}));
    must(t.remove(p.root("a"), 4, 1));
  });
  const json::value expected = {1.0, "x", {{"$bin", "AAE="}}, {{"$undef", 1.0}}, 3.0};
  CHECK(view_root(p.there, "a", "array") == expected);
  CHECK(std::get<any>(*p.mirror("a").at(4)) == any(3));
  CHECK(!p.mirror("a").at(5));
}

SCENARIO("types can be nested in one transaction") {
  pair p;
  p.edit([&](transaction& t) {
    const auto list = must(t.set_type(p.root("m"), "list", type_kind::array));
    const auto text = must(t.insert_type(list, 0, type_kind::text));
    must(t.insert_text(text, 0, "deep"));
    const auto map = must(t.insert_type(list, 1, type_kind::map));
    must(t.set(map, "k", 5));
  });
  CHECK_EQ(p.mirror("m").to_json(), R"({"list":["deep",{"k":5}]})");
}

SCENARIO("an XML tree is written as Yjs prints it") {
  pair p;
  p.edit([&](transaction& t) {
    const auto paragraph = must(t.insert_type(p.root("x"), 0, type_kind::xml_element, "p"));
    must(t.set(paragraph, "id", "i1"));
    must(t.set(paragraph, "class", "c"));
    const auto text = must(t.insert_type(paragraph, 0, type_kind::xml_text));
    must(t.insert_text(text, 0, "hi there"));
    must(t.format(text, 3, 5, {{"b", any::object{}}}));
  });
  CHECK_EQ(p.mirror("x").to_xml(), R"(<p class="c" id="i1">hi <b>there</b></p>)");
}

SCENARIO("a type that was deleted is dead and refuses edits") {
  pair p;
  shared_type list;
  p.edit([&](transaction& t) {
    list = must(t.set_type(p.root("m"), "list", type_kind::array));
    must(t.insert(list, 0, {any(1)}));
  });
  CHECK(list.is_alive());
  p.edit([&](transaction& t) { must(t.erase(p.root("m"), "list")); });
  CHECK(!list.is_alive());
  CHECK_EQ(list.length(), 0u);
  CHECK_EQ(list.to_string(), "");
  CHECK(list.elements().empty());
  CHECK(!list.at(0));
  CHECK(list.keys().empty());
  CHECK_EQ(p.refusal([&](transaction& t) { return t.insert(list, 0, {any(1)}); }),
           "invalid_argument");
  CHECK_EQ(p.refusal([&](transaction& t) { return t.set(list, "k", 1); }), "invalid_argument");
  CHECK_EQ(p.refusal([&](transaction& t) { return t.remove(list, 0, 0); }), "invalid_argument");
  CHECK(!shared_type().is_alive());
}

SCENARIO("a slot that is used again does not revive an old handle") {
  pair p;
  std::vector<shared_type> dead;
  for (int round = 0; round < 50; ++round) {
    shared_type made;
    p.edit([&](transaction& t) { made = must(t.set_type(p.root("m"), "k", type_kind::text)); });
    p.edit([&](transaction& t) { must(t.insert_text(made, 0, "x")); });
    for (const auto& old : dead)
      demand(!old.is_alive() && old.length() == 0, "an old handle came alive");
    demand(made.is_alive(), "the new handle is dead");
    dead.push_back(made);
  }
}

SCENARIO("roots are told by name and made without a trace") {
  auto d = writer_named(1);
  const auto before = moment_of(d);
  CHECK_EQ(d.root("t").length(), 0u);
  CHECK(d.root("t") == d.root("t"));
  CHECK(d.root("t") != d.root("u"));
  CHECK_EQ(d.root("t").name(), "t");
  CHECK_EQ(d.root("t").kind(), type_kind::root);
  CHECK(!d.root("t").holder());
  CHECK(moment_of(d).state == before.state);
}

SCENARIO("a replica that meets its own id in updates of others draws a new one") {
  auto one = writer_named(5);
  auto two = writer_named(5);
  const auto theirs =
    two.transact([&](transaction& t) { must(t.insert_text(two.root("t"), 0, "theirs")); });
  apply(one, theirs, "own id");
  CHECK_NE(one.client(), 5u);
  const auto mine =
    one.transact([&](transaction& t) { must(t.insert_text(one.root("t"), 6, " mine")); });
  auto reader = passive();
  apply(reader, theirs, "reader");
  apply(reader, mine, "reader");
  CHECK_EQ(reader.root("t").to_string(), "theirs mine");
  CHECK(reader.vector().contains(one.client()));
}

SCENARIO("a replica keeps its id when only its own updates come back") {
  pair p(5);
  const auto update = p.insert(0, "mine");
  apply(p.here, update, "echo");
  CHECK_EQ(p.here.client(), 5u);
}

SCENARIO("replicas draw different ids when none is given") {
  const doc one;
  const doc two;
  CHECK_NE(one.client(), 0u);
  CHECK_NE(one.client(), two.client());
}

SCENARIO("a document can be moved with its content") {
  auto one = writer_named(5);
  one.transact([&](transaction& t) { must(t.insert_text(one.root("t"), 0, "abc")); });
  doc two = std::move(one);
  CHECK_EQ(two.root("t").to_string(), "abc");
  two.transact([&](transaction& t) { must(t.insert_text(two.root("t"), 3, "d")); });
  CHECK_EQ(two.root("t").to_string(), "abcd");
}

SCENARIO("typing is held as one run") {
  pair p;
  for (std::uint64_t i = 0; i < 500; ++i)
    p.here.transact([&](transaction& t) { must(t.insert_text(p.root(), i, "x")); });
  CHECK_EQ(p.here.usage().structs, 1u);
  CHECK_LT(p.here.encode_state_as_update().size(), 520u);
}
