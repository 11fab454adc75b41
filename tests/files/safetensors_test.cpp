// safetensors: what is written is read, each type of element, and every way a file can be damaged.
#include "common/files/safetensors.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

std::string safetensors(const std::string& header, const std::string& data) {
    return bytes_of(std::uint64_t{header.size()}) + header + data;
}

// One tensor "x" of this type.
AnyTensor read_one(const std::string& dtype, const std::string& data, const std::string& shape) {
    const TemporaryFolder folder;
    const std::string header = R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape +
                               R"(,"data_offsets":[0,)" + std::to_string(data.size()) + "]}}";
    return open_tensor_file(folder.file("one.safetensors", safetensors(header, data)))->read("x");
}

}  // namespace

TEST_CASE("safetensors: what is saved is read, in its order") {
    const TemporaryFolder folder;
    const std::string path = folder.path("round.safetensors");
    const NamedTensors tensors = unfriendly_tensors();
    save_tensors(path, tensors);
    const std::unique_ptr<TensorFile> file = open_tensor_file(path);

    std::size_t found = 0;
    for (const TensorInfo& info : file->tensors()) {
        CAPTURE(info.name);
        for (const auto& [name, tensor] : tensors) {
            if (name == info.name && identical(file->read(name), tensor)) ++found;
        }
    }
    CHECK(file->tensors().size() == tensors.size());
    CHECK(found == tensors.size());
    CHECK(file->tensors()[0].name == "w_q");
    CHECK(file->tensors()[1].name == "a mask");
    CHECK(file->tensors()[1].dtype == "BOOL");

    // The data start at a multiple of 8.
    std::uint64_t length = 0;
    std::memcpy(&length, contents_of(path).data(), sizeof length);
    CHECK(length % 8 == 0);
}

TEST_CASE("safetensors: a file without tensors, and complex64 as pairs of F32") {
    const TemporaryFolder folder;
    save_tensors(folder.path("none.safetensors"), {});
    CHECK(open_tensor_file(folder.path("none.safetensors"))->tensors().empty());

    const auto freqs = tensor<std::complex<float>>({2}, {{1.0f, -2.0f}, {0.5f, 4.0f}});
    save_tensors(folder.path("complex.safetensors"), {{"freqs_cis", freqs}});
    CHECK(identical(open_tensor_file(folder.path("complex.safetensors"))->read("freqs_cis"),
                    tensor<float>({2, 2}, {1.0f, -2.0f, 0.5f, 4.0f})));
}

TEST_CASE("safetensors: floats become float32, integers int64") {
    const std::uint16_t half = 0xc000, bfloat = 0xc000;
    CHECK(identical(read_one("F64", bytes_of(0.1) + bytes_of(-1e300), "[2]"),
                    tensor<float>({2}, {0.1f, -std::numeric_limits<float>::infinity()})));
    CHECK(identical(read_one("F32", bytes_of(0.1f), "[]"), AnyTensor(0.1f)));
    CHECK(identical(read_one("F16", bytes_of(half), "[1,1]"), tensor<float>({1, 1}, {-2.0f})));
    CHECK(identical(read_one("BF16", bytes_of(bfloat), "[1]"), tensor<float>({1}, {-2.0f})));
    CHECK(identical(read_one("F8_E4M3", "\xc0\x7e", "[2]"), tensor<float>({2}, {-2.0f, 448.0f})));
    CHECK(identical(read_one("I64", bytes_of(std::int64_t{-5}), "[1]"), tensor<std::int64_t>({1}, {-5})));
    CHECK(identical(read_one("I32", bytes_of(std::int32_t{-5}), "[1]"), tensor<std::int64_t>({1}, {-5})));
    CHECK(identical(read_one("I16", bytes_of(std::int16_t{-5}), "[1]"), tensor<std::int64_t>({1}, {-5})));
    CHECK(identical(read_one("I8", "\xfb", "[1]"), tensor<std::int64_t>({1}, {-5})));
    CHECK(identical(read_one("U32", "\xff\xff\xff\xff", "[1]"), tensor<std::int64_t>({1}, {4294967295})));
    CHECK(identical(read_one("U16", "\xff\xff", "[1]"), tensor<std::int64_t>({1}, {65535})));
    CHECK(identical(read_one("U8", "\xff", "[1]"), tensor<std::int64_t>({1}, {255})));
    CHECK(read_one("F32", "", "[8589934592,8589934592,0]").size() == 0);
    CHECK(
        identical(read_one("BOOL", std::string("\0\1\1", 3), "[3]"), tensor<bool>({3}, {false, true, true})));
    CHECK(identical(read_one("C64", bytes_of(1.0f) + bytes_of(-2.0f), "[1]"),
                    tensor<std::complex<float>>({1}, {{1.0f, -2.0f}})));
}

TEST_CASE("safetensors: an element type that is not read is listed, and refused by its name") {
    const TemporaryFolder folder;
    const std::string header =
        R"({"__metadata__":{"format":"pt"},"new":{"dtype":"F6_E3M2","shape":[4],"data_offsets":[0,3]},)"
        R"("old":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})";
    const auto file = open_tensor_file(folder.file("new.safetensors", safetensors(header, "abcd")));
    REQUIRE(file->tensors().size() == 2);
    CHECK(file->tensors()[0].dtype == "F6_E3M2");
    CHECK(has(error_of([&] { return file->read("new"); }), "\"new\" is of type F6_E3M2"));
    CHECK(identical(file->read("old"), tensor<std::int64_t>({1}, {'d'})));
}

TEST_CASE("safetensors: the order is that of the data, whatever the header's") {
    const TemporaryFolder folder;
    const std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
                               R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    const auto file = open_tensor_file(folder.file("swapped.safetensors", safetensors(header, "xy")));
    CHECK(file->tensors()[0].name == "a");
    CHECK(identical(file->read("b"), tensor<std::int64_t>({1}, {'y'})));
}

TEST_CASE("safetensors: a name that is not there brings those that are") {
    const TemporaryFolder folder;
    NamedTensors tensors;
    for (int i = 0; i < 8; ++i) tensors.emplace_back("w_" + std::to_string(i), AnyTensor(1.0f));
    save_tensors(folder.path("eight.safetensors"), tensors);
    const auto file = open_tensor_file(folder.path("eight.safetensors"));
    CHECK(has(error_of([&] { return file->read("w_9"); }),
              "there is no tensor \"w_9\"; there is w_0, w_1, w_2, w_3, w_4 and 3 more"));
    CHECK(has(error_of([&] { return file->read("__metadata__"); }), "there is no tensor"));
}

TEST_CASE("safetensors: damaged files are refused in one line") {
    const auto entry = [](const std::string& shape, const std::string& offsets,
                          const std::string& dtype = "F32") {
        return R"("x":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
    };
    const auto one = [&](const std::string& shape, const std::string& offsets) {
        return safetensors("{" + entry(shape, offsets) + "}", "12345678");
    };
    const std::string y = R"("y":{"dtype":"F32","shape":[1],"data_offsets":)";
    struct Damage {
        std::string contents, complaint;
    };
    const std::vector<Damage> damages = {
        {"1234567", "too short for a header"},
        {safetensors(std::string(20, ' '), "").substr(0, 20), "its header claims 20 bytes, the file has 20"},
        {bytes_of(std::uint64_t{1} << 60U) + "{}", "its header claims 1152921504606846976 bytes"},
        {bytes_of(~std::uint64_t{0}) + "{}", "its header claims 18446744073709551615 bytes"},
        {safetensors("{\"x\":", ""), "its header is no JSON (byte 6"},
        {safetensors("\x80\x02}q", ""), "its header is no JSON (byte 1"},
        {safetensors("{\"x\":1e999}", ""), "its header has a number beyond 1e308"},
        {safetensors("[1]", ""), "its header is no JSON object"},
        {safetensors("", ""), "its header is no JSON"},
        {safetensors("{\"x\":3}", ""), "\"x\" has no dtype"},
        {safetensors("{\"x\":{\"dtype\":3}}", ""), "\"x\" has no dtype"},
        {one("[2,-1]", "[0,8]"), "\"x\" has a shape that is no list"},
        {one("[2.0]", "[0,8]"), "\"x\" has a shape that is no list"},
        {one("2", "[0,8]"), "\"x\" has a shape that is no list"},
        {one("[2]", "[0,8,8]"), "\"x\" has data_offsets"},
        {one("[2]", "[-8,0]"), "\"x\" has data_offsets"},
        {one("[2]", "[8,0]"), "\"x\" lies outside"},
        {one("[3]", "[0,12]"), "\"x\" lies outside"},
        {one("[2]", "[18446744073709551608,18446744073709551615]"), "\"x\" lies outside"},
        {one("[3]", "[0,8]"), "\"x\" has a shape that does not fit"},
        {one("[4611686018427387904,4,2]", "[0,8]"), "\"x\" has a shape that does not fit"},
        {one("[4611686018427387906]", "[0,8]"), "\"x\" has a shape that does not fit"},
        {one("[1]", "[4,8]"), "there is a gap before \"x\""},
        {one("[1]", "[0,4]"), "4 bytes belong to no tensor"},
        {safetensors("{" + entry("[2]", "[0,8]") + "," + y + "[4,8]}}", "12345678"), "\"y\" overlaps"},
        {safetensors("{" + entry("[1]", "[0,4]") + "," + entry("[1]", "[4,8]") + "}", "12345678"),
         "\"x\" is in its header twice"}};
    const TemporaryFolder folder;
    for (const Damage& damage : damages) {
        CAPTURE(damage.complaint);
        const std::string path = folder.file("damaged.safetensors", damage.contents);
        const std::string error = error_of([&] { open_tensor_file(path); });
        CAPTURE(error);
        CHECK(has(error, path + ": "));
        CHECK(has(error, damage.complaint));
        CHECK_FALSE(has(error, "\n"));
    }
}

TEST_CASE("safetensors: a name of control characters stays one line") {
    const TemporaryFolder folder;
    const auto path = folder.file("odd.safetensors", safetensors(R"({"a\u001b[2J\n":3})", ""));
    CHECK(has(error_of([&] { open_tensor_file(path); }), "\"a?[2J?\" has no dtype"));
}
