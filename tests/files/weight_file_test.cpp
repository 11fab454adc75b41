// A layer's weights under a prefix, and the tokens of --input: what fits, what does not, what is left over.
#include "common/files/weight_file.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using Names = std::vector<std::string>;

// Two layers in one file, and a tensor whose name is a prefix itself.
struct TwoLayers {
    TemporaryFolder folder;
    std::string path = folder.path("model.safetensors");
    Matrix wq = random_matrix(1, 3, 5), other = random_matrix(2, 3, 5);
    Vector norm = {0.5f, -2.0f, 0.0f};

    TwoLayers() {
        save_tensors(path, {{"layers.1.wq", wq},
                            {"layers.1.norm", norm},
                            {"layers.1.ids", AnyTensor({2}, std::vector<std::int64_t>{7, -8})},
                            {"layers.1", norm},
                            {"layers.10.wq", other}});
    }
};

// What the std::invalid_argument says that `action` throws, or "" if it throws none.
template <class Action>
std::string misfit_of(Action action) {
    try {
        action();
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("weight file: tensors under the prefix, and what is left over") {
    const TwoLayers model;
    WeightFile file(model.path, "layers.1.");
    CHECK(file.path() == model.path);
    CHECK(file.prefix() == "layers.1.");
    CHECK(file.has("wq"));
    CHECK_FALSE(file.has("layers.1.wq"));
    CHECK_FALSE(file.has("w"));
    CHECK_FALSE(file.has(""));
    CHECK(file.dtype("wq") == "F32");
    CHECK(file.dtype("ids") == "I64");
    CHECK(file.shape("wq") == Shape{3, 5});
    CHECK(file.unused() == Names{"layers.1.wq", "layers.1.norm", "layers.1.ids"});

    CHECK(exact(file.matrix("wq", 3, 5, "(a, b)")) == exact(model.wq));
    CHECK(file.unused() == Names{"layers.1.norm", "layers.1.ids"});
    CHECK(exact(file.vector("norm", 3, "(a)")) == exact(model.norm));
    CHECK(file.unused() == Names{"layers.1.ids"});

    // Without a prefix every name is a whole one.
    CHECK(exact(WeightFile(model.path, "").matrix("layers.10.wq", 3, 5, "")) == exact(model.other));
}

TEST_CASE("weight file: another shape, other elements or no such name is one line") {
    const TwoLayers model;
    WeightFile file(model.path, "layers.1.");
    CHECK(misfit_of([&] { file.matrix("wq", 5, 3, "(dim, c)"); }) ==
          model.path + ": layers.1.wq is (3, 5), expected floats of shape (5, 3) = (dim, c)");
    CHECK(misfit_of([&] { file.vector("wq", 15, "(c)"); }) ==
          model.path + ": layers.1.wq is (3, 5), expected floats of shape (15,) = (c)");
    CHECK(misfit_of([&] { file.vector("norm", 4, "(c)"); }) ==
          model.path + ": layers.1.norm is (3,), expected floats of shape (4,) = (c)");
    CHECK(has(misfit_of([&] { file.matrix("norm", 1, 3, "(a, b)"); }), "layers.1.norm is (3,), "));
    CHECK(has(misfit_of([&] { file.vector("ids", 2, "(c)"); }), "expected floats of shape (2,)"));

    // What did not fit was not used.
    CHECK(file.unused() == Names{"layers.1.wq", "layers.1.norm", "layers.1.ids"});

    const std::string missing = "there is no tensor \"layers.1.wk\"; there is layers.1.wq, ";
    CHECK(has(error_of([&] { file.matrix("wk", 3, 5, ""); }), missing));
    CHECK(has(error_of([&] { static_cast<void>(file.dtype("wk")); }), missing));
    CHECK(has(error_of([&] { static_cast<void>(file.shape("wk")); }), missing));
    CHECK(has(error_of([] { WeightFile("no/such.npz", ""); }), "no/such.npz: there is no such file"));
}

TEST_CASE("tokens of --input: one sequence or several, of the layer's width") {
    const TemporaryFolder folder;
    const auto saved = [&](const std::string& name, const AnyTensor& x) {
        save_tensors(folder.path(name), {{"x", x}});
        return folder.path(name);
    };
    const Tensor3 batch = random_batch(3, 2, 4, 5);
    const Matrix sequence = random_matrix(4, 3, 5);
    CHECK(exact(read_tokens(saved("batch.npz", batch), 5)) == exact(batch));
    CHECK(exact(read_tokens(saved("sequence.npz", sequence), 5)) ==
          exact(torch::view<3>(sequence, {1, 3, 5})));

    const std::string batch_path = folder.path("batch.npz");
    CHECK(misfit_of([&] { read_tokens(batch_path, 4); }) ==
          batch_path + ": x is (2, 4, 5), expected floats of shape (B, T, dim) or (T, dim) with dim = 4");
    const Tensor3 no_tokens = Tensor3::from_shape({2, 0, 5});
    CHECK(has(misfit_of([&] { read_tokens(saved("none.npz", no_tokens), 5); }), "x is (2, 0, 5), "));
    CHECK(has(misfit_of([&] { read_tokens(saved("one.npz", Vector{1.0f, 2.0f}), 2); }), "x is (2,), "));
    const AnyTensor ids({1, 2}, std::vector<std::int64_t>{1, 2});
    CHECK(has(misfit_of([&] { read_tokens(saved("ids.npz", ids), 2); }), "x is (1, 2), expected floats"));

    save_tensors(folder.path("y.npz"), {{"y", sequence}});
    CHECK(has(error_of([&] { read_tokens(folder.path("y.npz"), 5); }), "there is no tensor \"x\""));
}
