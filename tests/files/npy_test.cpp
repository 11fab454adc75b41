// .npy and .npz: NumPy's own files (the fuzzers' seeds), our own, and damaged ones.
#include "common/files/npy.hpp"

#include <zip.h>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::string seeds = SOURCE_DIR "/tests/fuzz/seeds/";

std::string npy(const std::string& dict, const std::string& data) {
    return std::string("\x93NUMPY\1\0", 8) + bytes_of(static_cast<std::uint16_t>(dict.size())) + dict + data;
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                const std::string& fortran_order = "False") {
    return npy(
        "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape + ", }\n",
        data);
}

AnyTensor read_one(const std::string& contents) {
    const TemporaryFolder folder;
    return open_tensor_file(folder.file("one.npy", contents))->read("x");
}

// A zip with one deflated member "x.npy".
std::string deflated(const TemporaryFolder& folder, const std::string& member) {
    const std::string path = folder.path("deflated.npz");
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    zip_source_t* source = zip_source_buffer(archive, member.data(), member.size(), 0);
    const zip_int64_t index = zip_file_add(archive, "x.npy", source, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_DEFLATE, 9);
    zip_close(archive);
    return path;
}

}  // namespace

TEST_CASE("npy: NumPy's own files") {
    const auto read = [](const std::string& name) { return open_tensor_file(seeds + name)->read("x"); };
    const auto expected = tensor<float>(
        {2, 3}, {0.345584184f, 0.821618140f, 0.330437064f, -1.30315721f, 0.905355871f, 0.446374565f});
    CHECK(identical(read("npy/c.npy"), expected));
    CHECK(identical(read("npy/fortran.npy"), expected));
    CHECK(identical(read("npy/scalar.npy"), AnyTensor({}, std::vector<std::int64_t>{3})));
    CHECK(identical(read("npy/bool.npy"), tensor<bool>({1}, {true})));
    CHECK(read("npy/v2.npy").shape == Shape{3});
    CHECK(has(error_of([&] { read("npy/record.npy"); }),
              "elements of type '[('a', '<f4')]', which are not read"));
}

TEST_CASE("npy: each element type, in both orders") {
    CHECK(identical(read_one(npy("<f8", "(1,)", bytes_of(0.1))), tensor<float>({1}, {0.1f})));
    CHECK(identical(read_one(npy("<f2", "(1,)", bytes_of(std::uint16_t{0xc000}))),
                    tensor<float>({1}, {-2.0f})));
    CHECK(identical(read_one(npy("<i4", "(1,)", bytes_of(-5))), tensor<std::int64_t>({1}, {-5})));
    CHECK(identical(read_one(npy("|u1", "()", "\xff")), tensor<std::int64_t>({}, {255})));
    CHECK(identical(read_one(npy("|b1", "(0, 3)", "")), tensor<bool>({0, 3}, {})));

    // Element (i, j, k) of a (2, 3, 2) tensor holds 100 i + 10 j + k; Fortran writes i first.
    std::string bytes;
    std::vector<std::int64_t> row_major;
    for (int k = 0; k < 2; ++k) {
        for (int j = 0; j < 3; ++j) {
            for (int i = 0; i < 2; ++i) bytes += static_cast<char>(100 * i + 10 * j + k);
        }
    }
    for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 3; ++j) {
            for (int k = 0; k < 2; ++k) row_major.push_back(100 * i + 10 * j + k);
        }
    }
    CHECK(identical(read_one(npy("|u1", "(2, 3, 2)", bytes, "True")), tensor({2, 3, 2}, row_major)));
    CHECK(identical(read_one(npy("|b1", "(1, 2)", std::string("\0\1", 2), "True")),
                    tensor<bool>({1, 2}, {false, true})));
}

TEST_CASE("npy: damaged files are refused in one line") {
    struct Damage {
        std::string contents, complaint;
    };
    const std::vector<Damage> damages = {
        {"PK\3\4", "does not begin as a .npy does"},
        {"\x93NUMPY", "does not begin as a .npy does"},
        {std::string("\x93NUMPY\1\0\x10", 9), "its header ends too early"},
        {std::string("\x93NUMPY\1\0\x10\0{", 11), "its header ends too early"},
        {std::string("\x93NUMPY\2\0\xff\xff\xff\xff{", 13), "its header ends too early"},
        {std::string("\x93NUMPY\4\0\0\0", 10), "is a .npy of version 4"},
        {npy("{}", ""), "its header lacks descr"},
        {npy("{'descr': '<f4', 'shape': (1,)}", "1234"), "its header lacks"},
        {npy("{'descr': '<f4", ""), "its header ends too early"},
        {npy("{'descr': [[", ""), "its header ends too early"},
        {npy("{'name': 3}", ""), "its header has a field 'name'"},
        {npy("<f4", "(-1,)", "1234"), "its shape is no tuple"},
        {npy("<f4", "(1.5,)", "1234"), "its header has no ) where one must be"},
        {npy("<f4", "(99999999999999999999,)", "1234"), "its shape is no tuple"},
        {npy("<f4", "(1,)", "1234", "0"), "its header has no False where one must be"},
        {npy("<f4", "(2,)", "1234"), "its shape needs"},
        {npy("<f4", "(1,)", "12345678"), "its shape needs"},
        {npy("<f4", "(4611686018427387905,)", "1234"), "no memory holds that"},
        {npy("<f4", "(4611686018427387903,)", "1234"), "no memory holds that"},
        {npy("<f4", "(4294967296, 4294967296)", ""), "no memory holds that"},
        {npy(">f4", "(1,)", "1234"), "elements of type '>f4', which are not read"},
        {npy("<U5", "(0,)", ""), "elements of type '<U5', which are not read"}};
    const TemporaryFolder folder;
    for (const Damage& damage : damages) {
        CAPTURE(damage.complaint);
        const std::string path = folder.file("damaged.npy", damage.contents);
        const std::string error = error_of([&] { open_tensor_file(path); });
        CAPTURE(error);
        CHECK(has(error, path + ": "));
        CHECK(has(error, damage.complaint));
    }
}

TEST_CASE("npz: what is saved is read, in its order, and the same bytes every time") {
    const TemporaryFolder folder;
    NamedTensors tensors = unfriendly_tensors();
    tensors.emplace_back("freqs_cis", tensor<std::complex<float>>({1, 2}, {{1.0f, -2.0f}, {0.5f, 4.0f}}));
    save_tensors(folder.path("round.npz"), tensors);
    const auto file = open_tensor_file(folder.path("round.npz"));

    REQUIRE(file->tensors().size() == tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        CAPTURE(tensors[i].first);
        CHECK(file->tensors()[i].name == tensors[i].first);
        CHECK(file->tensors()[i].shape == tensors[i].second.shape);
        CHECK(identical(file->read(tensors[i].first), tensors[i].second));
    }
    // So that they are the same tomorrow as well, the members' time is midnight, 1 January 1980.
    save_tensors(folder.path("again.npz"), tensors);
    CHECK(contents_of(folder.path("again.npz")) == contents_of(folder.path("round.npz")));
    CHECK(contents_of(folder.path("again.npz")).substr(10, 4) == std::string("\0\0\x21\0", 4));

    save_tensors(folder.path("none.npz"), {});
    CHECK(open_tensor_file(folder.path("none.npz"))->tensors().empty());
}

TEST_CASE("npz: NumPy's own, stored and deflated") {
    const auto stored = open_tensor_file(seeds + "npz/stored.npz");
    CHECK(identical(stored->read("a"), open_tensor_file(seeds + "npy/c.npy")->read("x")));
    CHECK(identical(stored->read("b"), tensor<std::int64_t>({2}, {0, 1})));
    const auto packed = open_tensor_file(seeds + "npz/deflated.npz");
    CHECK(identical(packed->read("a"), tensor({4, 5}, std::vector<float>(20))));
    CHECK(packed->tensors()[1].dtype == "<i4");
    CHECK(has(error_of([&] { return packed->read("c"); }), "there is no tensor \"c\"; there is a, b"));
}

TEST_CASE("npz: members that are no .npy are passed over, two of one name refused") {
    const TemporaryFolder folder;
    const auto renamed = [&](const std::string& name) {
        std::string contents = contents_of(seeds + "npz/stored.npz");
        for (std::size_t at = 0; (at = contents.find("b.npy", at)) != std::string::npos;) {
            contents.replace(at, name.size(), name);
        }
        return folder.file("renamed.npz", contents);
    };
    CHECK(open_tensor_file(renamed("b.txt"))->tensors().size() == 1);
    CHECK(has(error_of([&] { open_tensor_file(renamed("a.npy")); }), "\"a\" is in it twice"));
}

TEST_CASE("npz: a member is never unpacked to more than its shape needs") {
    const TemporaryFolder folder;
    const std::string million(1'000'000, '\0');
    const auto honest = open_tensor_file(deflated(folder, npy("|u1", "(1000000,)", million)));
    CHECK(honest->read("x").size() == million.size());

    const auto bomb = open_tensor_file(deflated(folder, npy("|u1", "(2,)", million)));
    CHECK(has(error_of([&] { return bomb->read("x"); }), "deflated.npz, x.npy: unpacks to 10000"));
    const auto greedy = open_tensor_file(deflated(folder, npy("|u1", "(1000000000000,)", million)));
    CHECK(has(error_of([&] { return greedy->read("x"); }), "its shape needs 10000000000"));

    // A size that no deflated member of this length can have, and one that is a little off: bytes 24 to 27 of
    // the central directory's entry.
    const std::string path = deflated(folder, npy("|u1", "(1000000,)", million));
    std::string contents = contents_of(path);
    const std::size_t entry = contents.find("PK\1\2");
    REQUIRE(entry != std::string::npos);
    const auto claim = [&](std::uint32_t size) {
        const std::string lie = folder.file("lie.npz", contents.replace(entry + 24, 4, bytes_of(size)));
        return error_of([&] { return open_tensor_file(lie)->read("x"); });
    };
    CHECK(has(claim(4'000'000'000), "claims 4000000000 bytes in "));
    CHECK(has(claim(1'000'001), "its shape needs"));
}

TEST_CASE("npz: damaged files are refused") {
    const TemporaryFolder folder;
    const std::string good = contents_of(seeds + "npz/stored.npz");
    const auto error = [&](const std::string& contents) {
        const std::string path = folder.file("damaged.npz", contents);
        return error_of([&] {
            const auto file = open_tensor_file(path);
            for (const TensorInfo& info : file->tensors()) static_cast<void>(file->read(info.name));
        });
    };
    CHECK(error(good).empty());
    CHECK(has(error("not a zip at all, but long enough to be one"), "damaged.npz: "));

    // Cut anywhere, it is refused; with another byte among the data, its checksum no longer fits.
    for (std::size_t size = 1; size < good.size(); size += 7) {
        CAPTURE(size);
        CHECK_FALSE(error(good.substr(0, size)).empty());
    }
    std::string flipped = good;
    const std::size_t data = flipped.find("NUMPY") + 130;
    flipped[data] = static_cast<char>(flipped[data] ^ 1);
    CHECK(has(error(flipped), "a.npy: "));
}
