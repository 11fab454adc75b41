// Files of very many small parts. Where a reader takes time in proportion to the square of their number,
// these sizes take minutes and run into CTest's limit; in proportion to the number they take a moment.
#include <fmt/format.h>

#include "common/compare/comparison.hpp"
#include "common/compare/read_prints.hpp"
#include "common/files/safetensors.hpp"
#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

// A header of `count` tensors of one number each, in the order of the file.
std::string safetensors_of(int count, const std::string& last_name) {
    std::string header = "{", data(static_cast<std::size_t>(count) * 4, '\0');
    for (int i = 0; i < count; ++i) {
        const std::string name = i + 1 == count ? last_name : fmt::format("layers.{}.w", i);
        header += fmt::format(R"({}"{}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}})",
                              i > 0 ? "," : "", name, 4 * i, 4 * i + 4);
    }
    header += "}";
    return bytes_of<std::uint64_t>(header.size()) + header + data;
}

std::string repeated(int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("linear time: safetensors of 100,000 tensors, each read by its name") {
    const TemporaryFolder folder;
    const auto file = open_tensor_file(folder.file("many.safetensors", safetensors_of(100'000, "last")));
    REQUIRE(file->tensors().size() == 100'000);
    CHECK(file->tensors().back().name == "last");
    for (const TensorInfo& info : file->tensors()) {
        if (file->read(info.name).size() != 1) FAIL(info.name);
    }

    // The name that comes again is still found.
    const std::string twice = folder.file("twice.safetensors", safetensors_of(100'000, "layers.7.w"));
    CHECK(has(error_of([&] { open_tensor_file(twice); }), "\"layers.7.w\" is in its header twice"));
}

TEST_CASE("linear time: a notebook of 900,000 empty cells, and one of 50,000 prints") {
    const std::string empty = "{\"cells\":[" + repeated(900'000, "{},") + "{}]}";
    CHECK(has(error_of([&] { read_notebook("many.ipynb", empty); }), "the notebook has no outputs"));

    const std::string cell =
        R"json({"cell_type":"code","source":"print(x)","outputs":[{"output_type":"stream","text":"tensor([0.5])"}]},)json";
    CHECK(read_notebook("many.ipynb", "{\"cells\":[" + repeated(50'000, cell) + "{}]}").size() == 50'000);

    const std::string beyond = "{\"cells\":[" + repeated(1'000'000, "{},") + "{}]}";
    CHECK(has(error_of([&] { read_notebook("many.ipynb", beyond); }), "it has 2 million parts or more"));
}

TEST_CASE("linear time: texts of 100,000 prints, with and without cells") {
    const std::string print = "print(x)\ntensor([0.5, 1.5])\n";
    CHECK(read_text("many.txt", repeated(100'000, print)).size() == 100'000);
    CHECK(read_text("many.txt", repeated(100'000, "In [1]:\n" + print)).size() == 100'000);
}

TEST_CASE("linear time: 100,000 prints beside a chapter's tensors") {
    Document document;
    Step step{"", "", "", {}};
    for (int i = 0; i < 40; ++i) step.show(fmt::format("x{}", i), AnyTensor(static_cast<float>(i)), {});
    document.parts.emplace_back(step);
    const std::vector<PrintedTensor> theirs = read_text("many.txt", repeated(100'000, "tensor(7.)\n"));
    const Comparison comparison = compare(document, "many.txt", theirs);
    CHECK(comparison.count(Result::agrees) == 1);
    CHECK(comparison.unexpected.size() == 100'000 - 40 + comparison.count(Result::not_found));
}
