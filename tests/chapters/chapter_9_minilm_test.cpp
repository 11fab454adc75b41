// Chapter 9 on a real model: layer 0 of all-MiniLM-L6-v2 and one sentence. BertModel's own modules gave the
// expected tensors (data/make_minilm_layer.py). T tokens, H heads
#include <cmath>

#include "chapters/09_every_model/attention.hpp"
#include "chapters/09_every_model/head_facts.hpp"
#include "chapters/09_every_model/layer_files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/closeness.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/tensors_of.hpp"

namespace {

constexpr float as_close = 1e-5f;  // of the tensor's largest value
const std::string minilm = SOURCE_DIR "/data/minilm/";

std::string sentence() {
    const std::string line = contents_of(minilm + "sentence.txt");
    return line.substr(0, line.find('\n'));
}

ch9::Trace run_layer(const std::optional<ch2::Linear>& other_keys = {}) {
    const Tensor3 x = ReferenceFile("minilm/sentence.safetensors").get<3>("x");
    const ch9::ReadRecipe read = ch9::read_recipe(minilm + "config.json", {.layer = 0, .tokens = x.shape(1)});
    WeightFile file(minilm + "model.safetensors", "");
    ch9::Weights weights = ch9::read_weights(file, read);
    CHECK(file.unused().empty());
    if (other_keys) weights.k.bias = other_keys->bias;
    ch9::Cache cache(read.recipe, x.shape(0), x.shape(1));
    return ch9::attention(x, weights, read.recipe, cache, 0);
}

}  // namespace

TEST_CASE("chapter 9, a real model: each head and the output are BertModel's") {
    const ReferenceFile expected("minilm/expected.safetensors");
    const Tensor3 heads = torch::select(expected.get<4>("attn_weights"), 0);
    const ch9::Trace trace = run_layer();
    const Tensor3 got = torch::select(trace.attn_weights, 0);
    REQUIRE(heads.shape(0) == 12);
    for (std::size_t head = 0; head < heads.shape(0); ++head) {
        CAPTURE(head);
        CHECK(relative_difference(torch::select(got, head), torch::select(heads, head)) < as_close);
    }
    CHECK(relative_difference(trace.output, expected.get<3>("output")) < as_close);
}

TEST_CASE("chapter 9, a real model: the executable saves the same") {
    const TemporaryFolder folder;
    const std::string saved = folder.path("out.safetensors");
    const Finished run =
        run_piped(fmt::format("{} --model '{}' --layer 0 --input '{}sentence.safetensors' --tokens '{}' "
                              "--save '{}'",
                              program(9), minilm, minilm, sentence(), saved),
                  {"LANG=C.UTF-8"});
    CHECK(run.errors.empty());
    REQUIRE(run.status == 0);
    CHECK(has(run.output, "[CLS]"));
    const auto got = open_tensor_file(saved), expected = open_tensor_file(minilm + "expected.safetensors");
    for (const char* name : {"attn_weights", "output"}) {
        CAPTURE(name);
        CHECK(relative_difference(got->read(name), expected->read(name)) < as_close);
    }
}

TEST_CASE("chapter 9, a real model: the bias of the keys changes no attention weight") {
    ch2::Linear large;
    large.bias = Vector(xt::linspace<float>(-2.0f, 3.0f, 384));
    CHECK(relative_difference(run_layer(large).attn_weights, run_layer().attn_weights) < as_close);
}

TEST_CASE("chapter 9, facts about a head, by hand") {
    const Matrix weights = {{0.5f, 0.25f, 0.125f, 0.125f},
                            {1.0f, 0.0f, 0.0f, 0.0f},
                            {0.125f, 0.5f, 0.125f, 0.25f},
                            {0.25f, 0.25f, 0.25f, 0.25f}};
    const ch9::HeadFacts facts = ch9::head_facts(weights, {"a", "b", "a", "c"});
    CHECK(facts.previous == (1.0f + 0.5f + 0.25f) / 3.0f);
    CHECK(facts.next == (0.25f + 0.0f + 0.25f) / 3.0f);
    CHECK(facts.itself == (0.5f + 0.0f + 0.125f + 0.25f) / 4.0f);
    CHECK(facts.same_word == (0.125f + 0.125f) / 2.0f);
    CHECK(facts.first == (0.5f + 1.0f + 0.125f + 0.25f) / 4.0f);
    CHECK(facts.last == (0.125f + 0.0f + 0.25f + 0.25f) / 4.0f);
    CHECK(facts.entropy == (1.75f + 0.0f + 1.75f + 2.0f) / 4.0f);
    CHECK(std::isnan(ch9::head_facts(weights, {"a", "b", "c", "d"}).same_word));
}
