#define CAF_SUITE text

#include "base/text.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;

SCENARIO("well-formed UTF-8 is told from the rest") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("plain"));
  CHECK(is_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"));
  CHECK(!is_utf8("\xc0\xaf"));         // overlong
  CHECK(!is_utf8("\xed\xa0\x80"));     // surrogate
  CHECK(!is_utf8("\xf4\x90\x80\x80")); // beyond U+10FFFF
  CHECK(!is_utf8("\xe2\x82"));         // cut off
  CHECK(!is_utf8("\x80"));             // continuation alone
}

SCENARIO("each ill-formed part becomes one replacement character") {
  CHECK_EQ(to_utf8("a\xff\xff"
                   "b"),
           "a\xef\xbf\xbd\xef\xbf\xbd"
           "b");
  CHECK_EQ(to_utf8("\xe2\x82|"), "\xef\xbf\xbd|");
  CHECK_EQ(to_utf8("ok \xf0\x9f\x98\x80"), "ok \xf0\x9f\x98\x80");
}

SCENARIO("cutting text never splits a character") {
  const std::string text = "ab\xf0\x9f\x98\x80";
  CHECK_EQ(utf8_prefix(text, 6), text);
  for (std::size_t cut : {2, 3, 4, 5})
    CHECK_EQ(utf8_prefix(text, cut), "ab");
  CHECK_EQ(utf8_prefix(text, 1), "a");
  CHECK_EQ(utf8_prefix(text, 0), "");
}

SCENARIO("base64 survives being written and read") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    CHECK_EQ(decode_base64(encode_base64(text)), text);
  CHECK_EQ(encode_base64("foob"), "Zm9vYg==");
  CHECK_EQ(encode_base64(std::string("\0\xff", 2)), "AP8=");
}

SCENARIO("what is not base64 is refused") {
  for (const char* text : {"Zg", "Zg=", "Z===", "Zm9v!A==", "Zg==Zg==", " Zg="})
    CHECK(!decode_base64(text));
}
