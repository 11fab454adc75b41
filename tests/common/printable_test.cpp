#include "common/printable.hpp"

#include "tests/support/catch.hpp"

TEST_CASE("printable: what people write stays as it is") {
    for (const std::string text : {"", "w_q.weight", "größe ≤ 1", "日本語", "🙂", "<script>&'\"",
                                   "e\xcc\x81", "שלום", "a\xe2\x80\x8d"}) {
        CHECK(printable(text) == text);
    }
}

TEST_CASE("printable: every control character becomes a question mark") {
    for (int code = 0; code < 0x20; ++code) CHECK(printable(std::string(1, static_cast<char>(code))) == "?");
    CHECK(printable("a\nb\r\n") == "a?b??");
    CHECK(printable("\x1b[31mred\x7f") == "?[31mred?");

    // C1, which some terminals obey as they obey ESC [. The last one is U+009F, and U+00A0 is a space.
    CHECK(printable("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0") == "???\xc2\xa0");

    // What changes the direction of writing, and separators of lines.
    for (const std::string text :
         {"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
          "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xef\xbb\xbf"}) {
        CHECK(printable("a" + text + "b") == "a?b");
    }
    CHECK(printable("\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5") == "\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5");
}

TEST_CASE("printable: each byte that is no UTF-8 becomes a question mark") {
    CHECK(printable("a\xff\xfe") == "a??");
    CHECK(printable("\x9b") == "?");       // a byte that only follows others
    CHECK(printable("\xe2\x80") == "??");  // cut off
    CHECK(printable("\xe2\x80q") == "??q");
    CHECK(printable("\xc0\x8a") == "??");            // a line feed, written too long
    CHECK(printable("\xe0\x82\x9b") == "???");       // U+009B, written too long
    CHECK(printable("\xed\xa0\x80") == "???");       // half of a UTF-16 pair
    CHECK(printable("\xf4\x90\x80\x80") == "????");  // beyond U+10FFFF
    CHECK(printable("\xf4\x8f\xbf\xbf") == "\xf4\x8f\xbf\xbf");
}
