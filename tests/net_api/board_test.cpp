#define CAF_SUITE board

#include "net/api/board.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json/parse.hpp>

using namespace coterie;
using namespace coterie::net;
using actors::shape_kind;

namespace {

complaints complaints_about(const char* text) {
  const auto body = boost::json::parse(text).as_object();
  complaints wrong;
  read_shape(body, field_reader{body, wrong});
  return wrong;
}

actors::shape shape_of(shape_kind kind) {
  actors::shape one;
  one.id = "a";
  one.kind = kind;
  one.points = {{0, 0}, {10, 5}};
  return one;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

SCENARIO("a shape is read as it is written") {
  const char* text = R"({"id":"a","kind":"arrow","points":[[1,2.5],[3,4]],"color":"#112233",
                         "fill":"#445566","width":3,"text":"hi","order":7,"by":"x"})";
  const auto body = boost::json::parse(text).as_object();
  complaints wrong;
  auto one = read_shape(body, field_reader{body, wrong});
  CHECK(wrong.empty());
  CHECK(one.by.empty()); // whose it is nobody says about himself
  one.by = "x";
  CHECK(boost::json::value(shape_json(one)) == boost::json::parse(R"({"id":"a","kind":"arrow",
    "points":[[1E0,2.5],[3E0,4E0]],"color":"#112233","width":3E0,"order":7,"by":"x",
    "fill":"#445566","text":"hi"})"));
}

SCENARIO("each field that is wrong is complained about") {
  CHECK_EQ(complaints_about(R"({})").size(), 2u); // kind and points
  CHECK_EQ(complaints_about(R"({"kind":"stroke","points":[[1]]})").size(), 1u);
  CHECK_EQ(complaints_about(R"({"kind":"stroke","points":[[1,"2"]]})").size(), 1u);
  CHECK_EQ(complaints_about(R"({"kind":"stroke","points":7})").size(), 1u);
  CHECK_EQ(complaints_about(R"({"kind":"line","points":[[1,2]],"width":"wide"})").size(), 1u);
  CHECK_EQ(complaints_about(R"({"kind":"line","points":[[1,2]],"order":-1})").size(), 1u);
}

SCENARIO("every kind of shape is drawn") {
  std::vector<actors::shape> all;
  for (const auto kind : {shape_kind::stroke, shape_kind::line, shape_kind::arrow,
                          shape_kind::rectangle, shape_kind::ellipse, shape_kind::text})
    all.push_back(shape_of(kind));
  all.back().text = "two\nlines";
  const auto svg = board_svg("t", all);
  CHECK(contains(svg, "<rect x=\"0\" y=\"0\" width=\"10\" height=\"5\""));
  CHECK(contains(svg, "<ellipse cx=\"5\" cy=\"2.5\" rx=\"5\" ry=\"2.5\""));
  CHECK(contains(svg, "<path d=\"M0 0L10 5\""));
  CHECK(contains(svg, "<tspan x=\"0\" y=\"0\">two</tspan>"));
  CHECK(contains(svg, "lines</tspan>"));
}

SCENARIO("nothing that people write gets out of its place in a drawing") {
  auto one = shape_of(shape_kind::text);
  one.text = "</text><script>alert('1')</script>\x01";
  const auto svg = board_svg("<title> & \"more\"", {one});
  CHECK(!contains(svg, "<script"));
  CHECK(contains(svg, "&lt;script&gt;"));
  CHECK(contains(svg, "&lt;title&gt; &amp; &quot;more&quot;"));
  CHECK(!contains(svg, "\x01"));
}

SCENARIO("an empty board is a picture as well") {
  CHECK(contains(board_svg("", {}), "</svg>"));
}
