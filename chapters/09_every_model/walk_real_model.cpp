// A real model: layer 0 of all-MiniLM-L6-v2, a BERT, on one sentence. Its weights are in data/minilm.
#include "chapters/09_every_model/walk_real_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "chapters/09_every_model/attention.hpp"
#include "chapters/09_every_model/head_facts.hpp"
#include "chapters/09_every_model/layer_files.hpp"
#include "common/files/file_error.hpp"

namespace ch9 {
namespace {

const std::string minilm = MINILM_FOLDER;

struct RealLayer {
    std::vector<std::string> words;  // (T)
    Tensor3 x;                       // (1, T, dim)
    ReadRecipe read;
    Weights weights;
};

RealLayer load_real_layer() {
    const std::string sentence = minilm + "/sentence.txt";
    RealLayer layer;
    std::ifstream stream(sentence);
    layer.words.assign(std::istream_iterator<std::string>(stream), {});
    layer.read = read_recipe(minilm + "/config.json", {.layer = 0, .tokens = layer.words.size()});
    layer.x = read_tokens(minilm + "/sentence.safetensors", layer.read.recipe.dim);
    if (layer.words.size() != layer.x.shape(1)) {
        throw FileError(sentence,
                        fmt::format("has {} words for {} tokens", layer.words.size(), layer.x.shape(1)),
                        "data/make_minilm_layer.py makes the folder again");
    }
    WeightFile file(minilm + "/model.safetensors", "");
    layer.weights = read_weights(file, layer.read);
    return layer;
}

Trace run_real_layer(const RealLayer& layer, const Weights& weights) {
    Cache cache(layer.read.recipe, 1, layer.words.size());
    return attention(layer.x, weights, layer.read.recipe, cache, 0);
}

void show_sentence(Walkthrough& walk, const RealLayer& layer, const Trace& trace) {
    const Recipe& recipe = layer.read.recipe;
    const auto stored = open_tensor_file(minilm + "/expected.safetensors");
    const Tensor4 expected = float_tensor<4>(stored->read("attn_weights")).value();
    walk.step(
            "A model that people use",
            "all-MiniLM-L6-v2 turns a sentence into a vector, for search. It is a BERT: it adds positions to "
            "the embedding, and its queries look both ways. data/minilm has the attention of its first "
            "layer and one sentence. The tokenizer adds the separators [CLS] and [SEP].")
        .read("walk_real_model.cpp")
        .table({"", "all-MiniLM-L6-v2, layer 0"},
               {{"sentence", fmt::format("{}", fmt::join(layer.words, " "))},
                {"tokens", fmt::format("{}", layer.words.size())},
                {"dim", fmt::format("{}", recipe.dim)},
                {"heads", fmt::format("{}", recipe.n_heads)},
                {"head_dim", fmt::format("{}", recipe.head_dim)}})
        .note(fmt::format("BertModel of Transformers computed the attention weights in data/minilm. The "
                          "largest difference from them is {:.1e}.",
                          largest_difference(trace.attn_weights, expected)));
}

using AllFacts = std::vector<HeadFacts>;

// The head with the largest value of one fact.
std::size_t head_with_most(const AllFacts& facts, float HeadFacts::*fact) {
    const auto largest =
        std::max_element(facts.begin(), facts.end(),
                         [&](const HeadFacts& a, const HeadFacts& b) { return a.*fact < b.*fact; });
    return static_cast<std::size_t>(largest - facts.begin());
}

void show_facts(Walkthrough& walk, const RealLayer& layer, const AllFacts& facts) {
    std::vector<std::vector<std::string>> rows;
    for (const HeadFacts& head : facts) {
        rows.push_back({fmt::format("{}", rows.size())});
        for (const float fact :
             {head.previous, head.next, head.itself, head.same_word, head.first, head.last, head.entropy}) {
            rows.back().push_back(fmt::format("{:.2f}", fact));
        }
    }
    const auto tokens = static_cast<float>(layer.words.size());
    const auto above = std::count_if(facts.begin(), facts.end(),
                                     [&](const HeadFacts& head) { return head.first > 1.0f / tokens; });
    walk.step("What each head attends to",
              "A column has the attention weight that a query puts on one kind of key, averaged over the "
              "queries: the token before it, the token after it, itself, other places of the same word, and "
              "the separators. The last column is the entropy of a query's weights in bits. It is 0 if one "
              "key gets all of the weight.")
        .read("head_facts.cpp")
        .table({"head", "previous", "next", "itself", "same word", layer.words.front(), layer.words.back(),
                "entropy"},
               rows)
        .note(fmt::format("Equal weights on {} keys are {:.2f} each, and their entropy is {:.2f} bits. On "
                          "{}, {} of {} heads put more than this equal weight.",
                          tokens, 1.0f / tokens, std::log2(tokens), layer.words.front(), above,
                          facts.size()));
}

// For each pair of words that repeat: the weight of a query with the first word on all keys with the second.
void table_of_words(Step& step, const Matrix& weights, const std::vector<std::string>& words) {
    std::vector<std::string> repeated, header = {"query"};
    for (const std::string& word : words) {
        const bool is_new = std::find(repeated.begin(), repeated.end(), word) == repeated.end();
        if (is_new && std::count(words.begin(), words.end(), word) > 1) repeated.push_back(word);
    }
    std::vector<std::vector<std::string>> rows;
    for (const std::string& query : repeated) {
        rows.push_back({query});
        header.push_back(fmt::format("on \"{}\"", query));
        for (const std::string& key : repeated) {
            float sum = 0.0f;
            for (std::size_t i = 0; i < words.size(); ++i) {
                for (std::size_t j = 0; j < words.size(); ++j) {
                    if (words[i] == query && words[j] == key) sum += weights(i, j);
                }
            }
            const auto queries = static_cast<float>(std::count(words.begin(), words.end(), query));
            rows.back().push_back(fmt::format("{:.2f}", sum / queries));
        }
    }
    step.table(header, rows);
}

void show_heads(Walkthrough& walk, const RealLayer& layer, const Tensor3& weights, const AllFacts& facts) {
    const auto map_of = [&](std::size_t head) -> Heatmap {
        return {fmt::format("Head {}", head), torch::select(weights, head), layer.words};
    };
    const std::size_t back = head_with_most(facts, &HeadFacts::previous),
                      same = head_with_most(facts, &HeadFacts::same_word),
                      first = head_with_most(facts, &HeadFacts::first),
                      even = head_with_most(facts, &HeadFacts::entropy);
    walk.step("One token back",
              fmt::format("Head {} puts {:.1f}% of a query's weight on the token before it, whatever the "
                          "words are. It can do this because x contains the positions. {} has no token "
                          "before it and attends to itself.",
                          back, 100.0f * facts[back].previous, layer.words.front()))
        .heatmap(map_of(back).title, map_of(back).weights, layer.words);

    Step& step = walk.step(
        "The same word",
        fmt::format(
            "Head {} compares words, and the position matters little. A query puts {:.2f} on itself "
            "and {:.2f} on other places of its word. The table adds up the weights on all places of "
            "a word. A \"cat\" attends to \"dog\" almost as much as to \"cat\", and a \"dog\" attends to \"cat\" "
            "much less: queries and keys have weights of their own.",
            same, facts[same].itself, facts[same].same_word));
    step.heatmap(map_of(same).title, map_of(same).weights, layer.words);
    table_of_words(step, torch::select(weights, same), layer.words);

    walk.step(
            "One key for many queries, and all keys",
            fmt::format("A query's weights sum to 1, so it cannot attend to nothing. Head {} puts {:.2f} on "
                        "{}, more than any other head. Head {} spreads its weights most evenly: {:.2f} bits.",
                        first, facts[first].first, layer.words.front(), even, facts[even].entropy))
        .side_by_side(map_of(first), map_of(even));
}

void show_biases(Walkthrough& walk, const RealLayer& layer, const Trace& trace) {
    std::vector<std::vector<std::string>> rows;
    const auto leave_out = [&](const std::string& name, ch2::Linear Weights::*projection) {
        Weights weights = layer.weights;
        std::optional<Vector>& bias = (weights.*projection).bias;
        const float size = largest_difference(*bias, Vector(xt::zeros_like(*bias)));
        bias.reset();
        const Trace without = run_real_layer(layer, weights);
        rows.push_back({name, fmt::format("{:.4f}", size),
                        fmt::format("{:.1e}", largest_difference(without.attn_weights, trace.attn_weights)),
                        fmt::format("{:.1e}", largest_difference(without.output, trace.output))});
    };
    leave_out("queries", &Weights::q);
    leave_out("keys", &Weights::k);
    leave_out("values", &Weights::v);
    walk.step(
            "A bias that does nothing",
            "The bias b of the keys adds q · b to every score of a query. Softmax gives the same weights if "
            "all scores of a row change by the same number, so this bias has no effect, and training left "
            "it near 0. With RoPE it has one, because each key's bias is rotated by the key's position. The "
            "bias of the values changes no weight. It adds the same vector to every token's output, because "
            "the weights sum to 1.")
        .formula("softmax(q · (k + b)) = softmax(q · k + q · b) = softmax(q · k)")
        .table({"left out: bias of", "its largest value", "weights change", "output changes"}, rows);
}

}  // namespace

void walk_real_model(Walkthrough& walk) {
    walk.section("9.10", "A real model");
    if (!std::filesystem::is_directory(minilm)) {
        walk.step("A model that people use", "Its weights are not in this checkout.")
            .note("Run data/make_minilm_layer.py to make data/minilm.");
        return;
    }
    const RealLayer layer = load_real_layer();
    const Trace trace = run_real_layer(layer, layer.weights);
    const Tensor3 weights = torch::select(trace.attn_weights, 0);
    AllFacts facts;
    for (std::size_t head = 0; head < weights.shape(0); ++head)
        facts.push_back(head_facts(torch::select(weights, head), layer.words));

    show_sentence(walk, layer, trace);
    show_facts(walk, layer, facts);
    show_heads(walk, layer, weights, facts);
    show_biases(walk, layer, trace);
    walk.keep("real.x", layer.x);
    walk.keep("real.attn_weights", trace.attn_weights);
    walk.keep("real.output", trace.output);
}

}  // namespace ch9
