#define CAF_SUITE config_file

#include "net/config_file.hpp"

#include "tests/storage/temporary_directory.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using coterie::storage::testing::temporary_directory;

namespace {

/// What an operator reads when this is the file.
std::string complaint_about(std::string_view text) {
  const auto file = parse_config_file(text, "x.conf");
  return file ? "accepted" : file.why().detail;
}

/// "name=value" of everything that the file sets, in front of what is for CAF.
std::string contents(std::string_view text) {
  const auto file = parse_config_file(text, "x.conf");
  if (!file)
    return file.why().detail;
  std::string all;
  for (const auto& set : file->values)
    all += set.name + "=" + set.value + " ";
  for (const auto& [name, value] : file->caf)
    all += name + "=" + value + " ";
  return all;
}

} // namespace

SCENARIO("a file sets names in groups, and what is CAF's goes to CAF") {
  CHECK_EQ(contents("port = 1\nlog { level = \"debug\" } # loud\ncaf { x { y = 2 } }"),
           "log.level=debug port=1 caf.x.y=2 ");
  CHECK_EQ(contents(""), "");
  CHECK_EQ(contents("# nothing\n"), "");
  CHECK_EQ(contents("port = 1"), "port=1 "); // no newline at the end
}

SCENARIO("what is not in the syntax is told with its line, in words") {
  const std::string line_2 = "x.conf, line 2: ";
  CHECK_EQ(complaint_about("port = 1\nthreads = = 2\n"),
           line_2 + "a setting is NAME = VALUE; this character does not belong here: =");
  CHECK_EQ(complaint_about("port = 1\nthreads 2"),
           line_2 + "a setting is NAME = VALUE; this character does not belong here: 2");
  CHECK_EQ(complaint_about("port = 1\ndata-dir = \"a\nb\"\n"),
           line_2 + "the line ends in the middle of a setting");
  CHECK_EQ(complaint_about("port = 1\ndata-dir = \"a\\q\"\n"),
           line_2 + "a text knows \\n, \\r, \\t, \\\\ and \\\" only");
  CHECK_EQ(complaint_about("port = 1\nthreads = 99999999999999999999999\n"),
           line_2 + "the number is too large or too small");
  CHECK_EQ(complaint_about("port = 1\nshutdown-grace = 1.5us\n"),
           line_2 + "a duration is a whole number and a unit, such as 1500ms");
}

SCENARIO("a file that ends in the middle of a setting is refused, not read up to there") {
  for (const auto* text : {"port = ", "port = 1\nport", "port = 12x", "port = \"80", "port = [1,",
                           "port = [1,\n", "cgroups = tru"}) {
    const auto complaint = complaint_about(text);
    CAF_MESSAGE(text << ": " << complaint);
    CHECK(complaint.find("in the middle of a setting") != complaint.npos
          || complaint.find("does not belong here") != complaint.npos);
  }
}

SCENARIO("no complaint shows a name of the parser's own") {
  for (const auto* text : {"= 1", "}", "{", "port = = 1", "port = 'a", "port = <x>", "a = {b = }",
                           "a = 1h5", "port = 1e999", "port = \x01", "a { b { c = [ } } }"}) {
    const auto complaint = complaint_about(text);
    CAF_MESSAGE(text << ": " << complaint);
    CHECK(complaint.starts_with("x.conf"));
    CHECK(complaint.find("pec") == complaint.npos);
    CHECK(complaint.find("caf") == complaint.npos);
  }
}

SCENARIO("keys with dots and groups that do not end are told with their line") {
  CHECK_EQ(complaint_about("port = 1\n\nlog.level = \"debug\""),
           "x.conf, line 3: write log { level ... } for log.level");
  CHECK_EQ(complaint_about("port = 1\nlog {\n  level = \"debug\"\n"),
           "x.conf, line 2: the group that begins here lacks its }");
  CHECK_EQ(complaint_about("log {\n}\n}\n"), "x.conf, line 3: there is a } too many");
}

SCENARIO("a file that cannot be read is refused with the reason") {
  const temporary_directory folder;
  const auto missing = folder.path() + "/none.conf";
  CHECK_EQ(read_config_file(missing).why().detail,
           missing + ": cannot be read: there is no such file");
  CHECK_EQ(read_config_file(folder.path()).why().detail,
           folder.path() + ": cannot be read: it is a folder");
}
