// Embeddings as CSV, and the line and column of every mistake.
#include "common/files/csv.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

AnyTensor read_csv(const std::string& contents) {
    const TemporaryFolder folder;
    return open_tensor_file(folder.file("x.csv", contents))->read("x");
}

}  // namespace

TEST_CASE("csv: numbers, with and without a header, blank lines and comments") {
    const auto expected = tensor<float>({2, 3}, {0.43f, -0.15f, 8.9e-3f, 1.0f, 2.0f, 0.5f});
    CHECK(identical(read_csv("0.43,-0.15,8.9e-3\n1,2,.5\n"), expected));
    CHECK(identical(read_csv("0.43,-0.15,8.9e-3\n1,2,.5"), expected));
    CHECK(
        identical(read_csv("\xef\xbb\xbfx,y,z\r\n\r\n# Your\r\n 0.43 , -0.15 , 8.9e-3\r\n\t\r\n1,2,+0.5\r\n"),
                  expected));
    CHECK(identical(read_csv("\xef\xbb\xbf"
                             "7"),
                    tensor<float>({1, 1}, {7.0f})));
    CHECK(identical(read_csv("7"), tensor<float>({1, 1}, {7.0f})));
    CHECK(identical(read_csv("inf,-inf,1e-46"),
                    tensor<float>({1, 3}, {std::numeric_limits<float>::infinity(),
                                           -std::numeric_limits<float>::infinity(), 0.0f})));
    CHECK(std::isnan(std::get<std::vector<float>>(read_csv("nan").values)[0]));
}

TEST_CASE("csv: semicolons, tabs and blanks, and numbers in quotes") {
    const auto expected = tensor<float>({2, 3}, {0.5f, -1.0f, 2.0f, 3.0f, 4.0f, 5.0f});
    CHECK(identical(read_csv("0.5;-1;2\n3;4;5\n"), expected));
    CHECK(identical(read_csv("a\tb\tc\r\n0.5\t-1\t 2\r\n3\t4\t5\r\n"), expected));
    CHECK(identical(read_csv("a b c\n 5.0e-01  -1 2\n3 4 5 \n"), expected));
    CHECK(identical(read_csv("\"a, the first\",\"b\"\"\",c\n\"0.5\",\" -1 \",2\n3,4,\"5\"\n"), expected));
    CHECK(identical(read_csv("größe\n\"1\"\n"), tensor<float>({1, 1}, {1.0f})));
    CHECK(identical(read_csv("x,y,z\n0.5;-1;2\n3;4;5\n"), expected));
}

TEST_CASE("csv: mistakes are named with line and column") {
    const auto error = [](const std::string& contents) { return error_of([&] { read_csv(contents); }); };
    CHECK(has(error("x,y\n1,2\n3,four\n"), "x.csv: line 3, column 2: \"four\" is no number; "));
    CHECK(has(error("1,2\n\n# note\n3,\n"), "line 4, column 2: is empty"));
    CHECK(has(error(",\n1,2\n"), "line 1, column 1: is empty"));
    CHECK(has(error("Your,0.43\n"), "line 1, column 1: \"Your\" is no number"));
    CHECK(has(error("1,2\na,b\n"), "line 2, column 1: \"a\" is no number"));
    CHECK(has(error("1,2\n1,2,3\n"), "line 2 has 3 numbers, the first has 2"));
    CHECK(has(error("1;2\n3;4\n5,6;7,8\n"), "line 3, column 1: \"5,6\" is no number"));
    CHECK(has(error("0,5;0,25\n1,5;2,5\n"), "line 1, column 2: \"5;0\" is no number"));
    CHECK(has(error("1|2\n3|4\n"), "line 1, column 1: \"1|2\" is no number"));
    CHECK(has(error("NA,NA\n1,2\n"), "line 1, column 1: \"NA\" is no number"));
    CHECK(has(error("1,\"2\n3,4\n"), "line 1, column 2: \"\"2\" is no number"));
    CHECK(has(error("\t1\t2\n"), "line 1, column 1: is empty"));
    CHECK(has(error(std::string("\xff\xfe"
                                "1\0,\0",
                                6)),
              "line 1 is in UTF-16"));
    CHECK(has(error("1,0x10\n"), "line 1, column 2: \"0x10\" is no number"));
    CHECK(has(error("1,1e39\n"), "line 1, column 2: 1e39 is too large"));
    CHECK(has(error("1," + std::string(1000, 'z')), "\"" + std::string(30, 'z') + "\" is no number"));
    CHECK(has(error("x,y\n# nothing\n"), "has no line of numbers"));
    CHECK(has(error(""), "is empty"));
    CHECK(has(error(std::string("1,2\0,3\n", 7)), "is no number"));
}
