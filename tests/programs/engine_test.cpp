// --engine flash as people run it: the same tensors as far as they exist, what is said of the others, and
// what is refused. tests/chapters/with_engine_test.cpp compares the numbers for many layers.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/closeness.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};
constexpr float as_close = 1e-5f;  // of the tensor's largest value; see with_engine_test.cpp

struct Case {
    int chapter;
    std::string options;               // the reader's own layer
    std::set<std::string> never_made;  // of the tensors that --save writes
};

std::vector<Case> cases(const TemporaryFolder& folder) {
    const std::string llama =
        folder.file("llama.json", R"({"dim": 20, "n_heads": 6, "n_kv_heads": 3, "head_dim": 4})");
    const std::string latent =
        folder.file("latent.json",
                    R"({"dim": 24, "n_heads": 3, "q_lora_rank": 6, "kv_lora_rank": 5, "qk_nope_head_dim": 3,
                           "qk_rope_head_dim": 4, "v_head_dim": 4})");
    const std::string llama_4 = SOURCE_DIR "/data/llama4/reference_dense/",
                      gemma = SOURCE_DIR "/data/models/gemma2";
    const std::set<std::string> of_heads = {"keys",   "values",       "attn_scores",
                                            "masked", "attn_weights", "head_context"};
    std::set<std::string> of_recipe = of_heads, of_layers;
    of_recipe.insert("capped");
    for (int layer = 0; layer < 4; ++layer) {
        for (const char* name : {"attn_scores", "masked", "attn_weights"})
            of_layers.insert(fmt::format("layers.{}.{}", layer, name));
    }
    return {{5, "--config '" + llama + "'", of_heads},
            {6, "--config '" + llama + "'", of_heads},
            {7,
             "--world-size 3 --config '" + latent + "'",
             {"scores_nope", "scores_pe", "attn_scores", "masked", "attn_weights", "naive.attn_scores",
              "naive.attn_weights"}},
            {8,
             fmt::format(
                 "--config '{0}config.json' --weights '{0}model.safetensors' --input '{0}tokens.safetensors'",
                 llama_4),
             of_layers},
            {9, "--model '" + gemma + "' --ids 1,5,3,2,9,4", of_recipe}};
}

std::map<std::string, AnyTensor> tensors_in(const std::string& path) {
    std::map<std::string, AnyTensor> tensors;
    const auto file = open_tensor_file(path);
    for (const TensorInfo& info : file->tensors()) tensors.emplace(info.name, file->read(info.name));
    return tensors;
}

// Runs the program with the engine, for either choice.
Finished run(const Case& layer, const std::string& engine, const std::string& more) {
    return run_piped(
        program_with_flash(layer.chapter) + " " + layer.options + " --engine " + engine + " " + more, utf8);
}

}  // namespace

TEST_CASE("option --engine flash: the lesson's tensors, but for those that are never made") {
    const TemporaryFolder folder;
    for (const Case& layer : cases(folder)) {
        for (const std::string prefill : {"", "--prefill 2"}) {
            CAPTURE(layer.chapter, prefill);
            for (const std::string engine : {"lesson", "flash"}) {
                const Finished finished =
                    run(layer, engine, prefill + " --save '" + folder.path(engine + ".safetensors") + "'");
                CHECK(finished.errors == "");
                REQUIRE(finished.status == 0);
                CHECK(has(finished.output, "What the engine never made") == (engine == "flash"));
            }
            const auto lesson = tensors_in(folder.path("lesson.safetensors")),
                       flash = tensors_in(folder.path("flash.safetensors"));
            for (const auto& [name, tensor] : lesson) {
                CAPTURE(name);
                const std::string whole = name.starts_with("step.") ? name.substr(5) : name;
                const bool is_made = flash.contains(name);
                CHECK(is_made == !layer.never_made.contains(whole));
                const bool is_float = std::holds_alternative<std::vector<float>>(tensor.values);
                if (is_made && is_float) CHECK(relative_difference(flash.at(name), tensor) < as_close);
            }
            for (const auto& named : flash) CHECK(lesson.contains(named.first));
        }
    }
}

TEST_CASE("option --engine flash: the step names each tensor that is never made, and its size") {
    const TemporaryFolder folder;
    for (const Case& layer : cases(folder)) {
        CAPTURE(layer.chapter);
        const std::string said = run(layer, "flash", "").output;
        const std::size_t of_layer = layer.chapter == 8 ? std::string("layers.0.").size() : 0;
        for (const std::string& name : layer.never_made)
            CHECK(has(said, "\n    " + name.substr(of_layer) + " "));
    }
    // 6 heads, 4 tokens with 4 keys, of 4 bytes each.
    CHECK(has(run(cases(folder)[0], "flash", "").output, "(1, 6, 4, 4)   384 bytes"));
}

TEST_CASE("option --engine flash: what does not go together is said in one line") {
    const TemporaryFolder folder;
    for (const Case& layer : cases(folder)) {
        std::vector<std::pair<std::string, std::string>> faults = {
            {"--engine flash", "--engine flash needs --config"},
            {layer.options + " --engine flash --compare x.txt",
             "--engine flash and --compare do not go together"},
            {"--engine flash --config c.json --input x.npy --tokens 'a b'",
             "--engine flash and --tokens do not go together"},
            {layer.options + " --engine fast", "fast not in {lesson,flash}"}};
        if (layer.chapter < 9) {  // chapter 9 has no kernels
            faults.emplace_back("--config c.json --engine flash --device cuda", "--device cuda");
            faults.emplace_back("--config c.json --engine flash --device emulated", "--device emulated");
        }
        for (const auto& [options, part] : faults) {
            for (const std::string& executable :
                 {program(layer.chapter), program_with_flash(layer.chapter)}) {
                CAPTURE(executable, options);
                const Finished finished = run_piped(executable + " " + options, utf8);
                CHECK(finished.status == 2);
                CHECK(finished.output == "");
                CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
                CHECK(has(finished.errors, part));
            }
        }
    }
}

TEST_CASE("option --engine: the program without the engine names the command that builds the one with it") {
    const TemporaryFolder folder;
    for (const Case& layer : cases(folder)) {
        const Finished finished =
            run_piped(program(layer.chapter) + " " + layer.options + " --engine flash", utf8);
        CHECK(finished.status == 2);
        CHECK(finished.output == "");
        CHECK(finished.errors ==
              fmt::format(
                  "walk {0}: this program has no engine in it; ./walk {0} --engine flash builds and runs the "
                  "one that has\n",
                  layer.chapter));
        CHECK(run_piped(program(layer.chapter) + " " + layer.options + " --engine lesson", utf8).status == 0);
    }
}

TEST_CASE("option --engine: chapters 5 to 9 offer it, the others do not") {
    for (int chapter = 1; chapter <= chapter_count; ++chapter) {
        CAPTURE(chapter);
        const std::string help = run_piped(program(chapter) + " --help", utf8).output;
        CHECK(has(help, "--engine NAME") == (chapter >= 5 && chapter <= 9));
    }
}
