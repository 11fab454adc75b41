// Shards: the tensors of several files under one index, and indexes that do not fit their files.
#include "common/files/shards.hpp"

#include "common/files/weight_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

// Two shards, and an index with the given weight_map.
std::string index_of(const TemporaryFolder& folder, const std::string& weight_map) {
    save_tensors(folder.path("model-1.safetensors"), {{"a.weight", random_matrix(1, 2, 3)}});
    save_tensors(folder.path("model-2.safetensors"),
                 {{"b.weight", random_matrix(2, 5, 2)}, {"c.weight", random_matrix(3, 1, 4)}});
    return folder.file("model.safetensors.index.json",
                       R"({"metadata": {"total_size": 80}, "weight_map": )" + weight_map + "}");
}

}  // namespace

TEST_CASE("shards: every tensor comes from its file") {
    const TemporaryFolder folder;
    const std::string path = index_of(folder, R"({"c.weight": "model-2.safetensors",
        "a.weight": "model-1.safetensors", "b.weight": "model-2.safetensors"})");
    const std::unique_ptr<TensorFile> file = open_tensor_file(path);
    REQUIRE(file->tensors().size() == 3);
    CHECK(exact(file->read("a.weight")) == exact(random_matrix(1, 2, 3)));
    CHECK(exact(file->read("b.weight")) == exact(random_matrix(2, 5, 2)));
    CHECK(exact(file->read("c.weight")) == exact(random_matrix(3, 1, 4)));

    // --weights opens the same way.
    WeightFile weights(path, "b.");
    CHECK(weights.shape("weight") == Shape{5, 2});
    CHECK(exact(weights.matrix("weight", 5, 2, "(5, 2)")) == exact(random_matrix(2, 5, 2)));
}

TEST_CASE("shards: an index that does not fit its files is refused in one line") {
    const TemporaryFolder folder;
    const auto [weight_map, said] = GENERATE(table<std::string, std::string>({
        {R"([])", "has no object weight_map"},
        {R"({"a.weight": 1})", "\"a.weight\" is in no file"},
        {R"({"a.weight": "model-3.safetensors"})", "there is no such file"},
        {R"({"a.weight": "../model-1.safetensors"})", "is no .safetensors file beside it"},
        {R"({"a.weight": "/etc/passwd"})", "is no .safetensors file beside it"},
        {R"({"a.weight": "model-2.safetensors"})", "there is no tensor \"a.weight\""},
        {R"({"a.weight": "model-1.safetensors", "b.weight": "model-2.safetensors"})",
         "has \"c.weight\", and the index does not say so"},
    }));
    const std::string path = index_of(folder, weight_map);
    CAPTURE(weight_map);
    try {
        open_tensor_file(path);
        FAIL("nothing was refused");
    } catch (const FileError& error) {
        CHECK(has(error.what(), said));
        CHECK_FALSE(has(error.what(), "\n"));
    }
}
