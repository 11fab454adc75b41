// Chapter 3 shows cells 16 to 25 of the notebook: first the causal mask, then dropout.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/sentence_file.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/02_trainable_weights/weights_file.hpp"
#include "chapters/03_causal_mask_and_dropout/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/causality.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"
#include "common/program/walkthrough.hpp"

namespace {

const Chapter chapter{
    .number = 3,
    .folder = "03_causal_mask_and_dropout",
    .title = "Causal mask and dropout",
    .letters =
        "B sequences in a batch, T tokens, d_in width of an embedding, d_out width of a query, key or value, d_k "
        "width of a key, p share that dropout takes away",
    .takes = Takes::weights,
    .draws = Draws::dropout_too};

constexpr std::size_t d_out = 2;

// The notebook continues with the layers of SelfAttention_v2.
ch2::LinearWeights sa_v2_weights(Walkthrough& walk, std::size_t d_in) {
    torch::Generator generator(walk.seed(789));
    return ch2::random_linear_weights(generator, d_in, d_out);
}

void mask_after_softmax(Walkthrough& walk, const ch2::Trace& trace) {
    const Matrix mask_simple = ch3::mask_simple(trace.attn_weights.shape(0));
    const Matrix masked_simple = trace.attn_weights * mask_simple;

    walk.section("3.5", "Masking future words");

    walk.step("Where we start",
              "The attention weights of SelfAttention_v2 in chapter 2. Row 0 is \"Your\". It attends to "
              "five later words, but a model that writes word by word has not written them yet.")
        .read("02_trainable_weights/attention.cpp")
        .formula("A = softmax(Q Kᵀ / √d_k)")
        .show("attn_weights", trace.attn_weights, {"T", "T"}, cell(16));

    walk.step("A mask of ones and zeros",
              "Row i may attend to column j if j ≤ i: to its own token and to earlier tokens.")
        .read("causal_mask.cpp")
        .show("mask_simple", mask_simple, {"T", "T"}, cell(17));

    walk.step("Mask the weights after softmax",
              "Multiplying by the mask removes the future, but then the rows no longer sum to 1.")
        .show("masked_simple", masked_simple, {"T", "T"}, cell(18));

    walk.step("Normalise again", "Dividing each row by its new sum makes the rows sum to 1 again.")
        .read("causal_mask.cpp")
        .formula("Aᵢⱼ = masked_simpleᵢⱼ / Σₖ masked_simpleᵢₖ")
        .show("masked_simple_norm", ch3::renormalize(masked_simple), {"T", "T"}, cell(19));
}

// Returns the causal attn_weights. The notebook then applies dropout to them.
Matrix mask_before_softmax(Walkthrough& walk, const ch1::Sentence& sentence, const ch2::Trace& trace) {
    const std::size_t tokens = sentence.words.size();
    const Matrix masked = ch3::masked_fill(trace.attn_scores, ch3::future_mask(tokens), ch3::True::hides);
    const Matrix scaled = masked / std::sqrt(static_cast<float>(d_out));
    Matrix attn_weights = ch3::masked_softmax(scaled);

    walk.step("Mask before softmax",
              "Every score above the diagonal becomes -inf. exp(-inf) is 0, so one softmax masks the "
              "future tokens and keeps the sum of each row at 1.")
        .read("causal_mask.cpp")
        .formula("maskedᵢⱼ = attn_scoresᵢⱼ  if j ≤ i,  else -∞")
        .show("masked", masked, {"T", "T"}, cell(20));

    // The first way again, to show that both ways give the same result.
    const Matrix cut = trace.attn_weights * ch3::mask_simple(tokens);
    walk.step("The same weights with one softmax",
              "This softmax equals the masked and normalised weights from before, because both divide the "
              "same powers by their sum. -∞ / √d_k is still -∞, so you may scale after masking.")
        .read("causal_mask.cpp")
        .formula("A = softmax(masked / √d_k)")
        .show("attn_weights", attn_weights, {"T", "T"}, cell(21))
        .note(fmt::format("Largest difference from masked_simple_norm: {:.1e}.",
                          largest_difference(attn_weights, ch3::renormalize(cut))))
        .heatmap("Attention weights: no query attends to a key on its right.", attn_weights, sentence.words);
    return attn_weights;
}

void wrong_polarity(Walkthrough& walk, const ch2::Trace& trace) {
    // The right mask, passed to a function for which True has the opposite meaning.
    const std::size_t tokens = trace.attn_scores.shape(0);
    const Matrix wrong = ch3::masked_fill(trace.attn_scores, ch3::future_mask(tokens), ch3::True::keeps);
    const Matrix scaled = wrong / std::sqrt(static_cast<float>(d_out));

    walk.step("The same mask with the wrong polarity",
              "masked_fill and nn.MultiheadAttention mask a score if the mask is True. "
              "F.scaled_dot_product_attention keeps a score if the mask is True. With the wrong meaning, "
              "nothing crashes and the shapes fit. But now every token attends only to later tokens, and "
              "not even to itself. Our functions therefore take the meaning together with the mask.")
        .read("causal_mask.hpp")
        .show("masked, wrong polarity", wrong, {"T", "T"})
        .show("softmax(masked), wrong polarity", ch1::softmax(scaled), {"T", "T"})
        .note(
            "Two signs show the mistake. The zeros are below the diagonal instead of above it. And in the "
            "last row, all scores of \"step\" are -inf, so softmax divides 0 by 0.");

    walk.step("A row that is fully masked",
              "Padding can cause this legitimately. NaN would spread through every later layer. PyTorch's "
              "fused attention returns zeros today, and so does ours: a token whose keys are all masked "
              "gets a zero context vector.")
        .read("causal_mask.cpp")
        .show("masked_softmax(masked), wrong polarity", ch3::masked_softmax(scaled), {"T", "T"});
}

void future_token_perturbation(Walkthrough& walk, const ch1::Sentence& sentence,
                               const ch2::LinearWeights& weights) {
    const std::size_t changed_token = 3;
    const Matrix& before = sentence.embeddings;
    const Matrix after = ch3::perturb_token(before, changed_token);

    const auto causal = [&](const Matrix& x) {
        torch::Generator unused(0);
        const Tensor3 batch_of_one = torch::view<3>(x, {1, x.shape(0), x.shape(1)});
        return torch::select(ch3::causal_attention(batch_of_one, weights, {0.0}, unused).context_vec, 0);
    };
    const auto unmasked = [&](const Matrix& x) { return ch2::self_attention(x, weights).context_vec; };

    const std::vector<bool> with_mask = ch3::rows_changed(causal(before), causal(after));
    const std::vector<bool> without_mask = ch3::rows_changed(unmasked(before), unmasked(after));
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < sentence.words.size(); ++i) {
        rows.push_back({fmt::format("{} {}", i, sentence.words[i]), with_mask[i] ? "changed" : "same bits",
                        without_mask[i] ? "changed" : "same bits"});
    }

    walk.step("Does the mask leak? Change one token",
              fmt::format("The best test of a mask: change token {} (\"{}\") and see which context vectors "
                          "change. With a causal mask, no bit of an earlier row may change.",
                          changed_token, sentence.words[changed_token]))
        .read("causality.cpp")
        .table({"context vector of", "with mask", "without mask"}, rows);
}

void dropout(Walkthrough& walk, const Matrix& attn_weights) {
    const ch3::Dropout half{0.5, ch3::Mode::train, walk.dropout_rng()};
    const Matrix example = xt::ones<float>({6, 6});

    torch::Generator generator(walk.seed(123));
    walk.section("3.5", "Dropout on attention weights");

    const Matrix dropped_example = half(example, generator);
    walk.step("Dropout sets half of the ones to zero",
              "Dropout sets each weight to 0 with probability p. It multiplies the other weights by "
              "1/(1-p), here by 2, so the expected sum does not change.")
        .read("dropout.cpp")
        .formula("y = x ⊙ keep / (1 - p)        keep = 1 with probability 1 - p")
        .show("dropout(example)", dropped_example, {"T", "T"}, cell(22));

    // The factor keeps the mean near 1.
    std::vector<std::vector<std::string>> means;
    const Matrix many = xt::ones<float>({1000, 100});
    for (const double p : {0.1, 0.5, 0.9}) {
        const Matrix dropped = ch3::Dropout{p, ch3::Mode::train, walk.dropout_rng()}(many, generator);
        const Matrix unscaled = dropped * static_cast<float>(1.0 - p);
        means.push_back({fmt::format("{}", p), fmt::format("{:.4f}", 1.0 / (1.0 - p)),
                         fmt::format("{:.4f}", xt::mean(dropped)()),
                         fmt::format("{:.4f}", xt::mean(unscaled)())});
    }
    walk.step("Why 1/(1-p)",
              "With the factor, the mean of many weights stays the same for every p. Without it, a model "
              "would see smaller sums in training than at inference. This table uses 100,000 ones. At "
              "inference (model.eval()), dropout does nothing and needs no factor.")
        .read("dropout.cpp")
        .table({"p", "factor", "mean with it", "mean without"}, means);

    generator.manual_seed(walk.seed(123));
    walk.step("Dropout on the causal weights",
              "The seed is the same, so the same places become zero. Rows no longer sum to 1. That is "
              "intended: only their expected sum is 1.")
        .read("dropout.cpp")
        .show("dropout(attn_weights)", half(attn_weights, generator), {"T", "T"}, cell(23));
}

void two_builds(Walkthrough& walk) {
    const Matrix example = xt::ones<float>({6, 6});
    const auto dropped = [&](torch::DropoutRng build) {
        torch::Generator generator(walk.seed(123));
        return ch3::Dropout{0.5, ch3::Mode::train, build}(example, generator);
    };
    const Matrix mkl = dropped(torch::DropoutRng::mkl), generic = dropped(torch::DropoutRng::generic);

    const auto digits = [](const Matrix& matrix, std::size_t i) {
        const Vector row = torch::select(matrix, i);
        return fmt::format("{}", fmt::join(row, " "));
    };
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < 6; ++i)
        rows.push_back({fmt::format("{}", i), digits(mkl, i), digits(generic, i)});

    walk.step("Same seed, other build, other mask",
              "PyTorch's x86-64 wheels up to 2.6 draw dropout with Intel's MKL. Newer wheels and builds "
              "for ARM (every newer Mac) do not. The same seed gives two different masks, and both are "
              "right. The notebook was made with mkl, and the book shows generic. Choose one with "
              "--dropout-rng.")
        .read("common/torch/dropout_mask.cpp")
        .table({"row", "mkl: x86-64 wheels to 2.6", "generic: all others"}, rows);
}

void a_batch(Walkthrough& walk, const ch1::Sentence& sentence) {
    const Tensor3 batch = torch::stack(sentence.embeddings, sentence.embeddings);
    torch::Generator generator(walk.seed(123));
    const ch2::LinearWeights weights = ch2::random_linear_weights(generator, batch.shape(2), d_out);
    const ch3::Trace trace = ch3::causal_attention(batch, weights, {0.0}, generator);

    walk.section("3.5", "A compact causal attention class");

    walk.step("A batch",
              "Models process several sequences at once. Here the batch contains the same sentence twice, "
              "so both must give the same result.")
        .show_shape("batch.shape", Shape(batch.shape().begin(), batch.shape().end()), cell(24));

    walk.step("CausalAttention",
              "One function with every step so far: project, compute scores, mask the future, softmax, "
              "dropout (here with p = 0), weighted sum. Axis 0 is now the batch, so the keys are "
              "transposed in their last two axes.")
        .read("attention.cpp")
        .formula("C = dropout(softmax(mask(Q Kᵀ) / √d_k)) V")
        .show("context_vecs", trace.context_vec, {"B", "T", "d_out"}, cell(25))
        .show_shape("context_vecs.shape", {batch.shape(0), batch.shape(1), d_out},
                    cell(25, "context_vecs.shape: "));
}

// --input, --weights: causal attention on your own files.
void own_files(Walkthrough& walk) {
    const ch1::Sentence sentence = ch1::sentence_of(walk.own());
    const Matrix& x = sentence.embeddings;
    torch::Generator generator(
        walk.own().weights ? 0 : walk.seed(123));  // the reader's weights need no random numbers
    const ch2::LinearWeights weights = walk.own().weights
                                           ? ch2::read_weights(walk.own(), x.shape(1))
                                           : ch2::random_linear_weights(generator, x.shape(1), d_out);
    const Tensor3 batch = torch::view<3>(x, {1, x.shape(0), x.shape(1)});
    const ch3::Trace trace = ch3::causal_attention(batch, weights, {0.0}, generator);

    walk.section("", "Your own files");
    walk.step("Scores and mask", "The scores, and the scores with -inf for every key after the query.")
        .read("attention.cpp")
        .show("x", x, {"T", "d_in"})
        .show("attn_scores", trace.attn_scores, {"B", "T", "T"})
        .show("masked", trace.masked, {"B", "T", "T"});
    walk.step("Softmax",
              "One softmax. Each row divides a total of 1 among its own token and the earlier tokens.")
        .read("causal_mask.cpp")
        .show("attn_weights", trace.attn_weights, {"B", "T", "T"})
        .heatmap("Attention weights: no query attends to a key on its right.",
                 torch::select(trace.attn_weights, 0), sentence.words);
    walk.step("Weighted sum", "Without dropout, as at inference.")
        .read("attention.cpp")
        .show("context_vecs", trace.context_vec, {"B", "T", "d_out"});
}

void tell(Walkthrough& walk) {
    if (walk.own().any()) return own_files(walk);
    const ch1::Sentence sentence = ch1::your_journey();
    const ch2::LinearWeights weights = sa_v2_weights(walk, sentence.embeddings.shape(1));
    const ch2::Trace trace = ch2::self_attention(sentence.embeddings, weights);

    mask_after_softmax(walk, trace);
    const Matrix causal_weights = mask_before_softmax(walk, sentence, trace);
    wrong_polarity(walk, trace);
    future_token_perturbation(walk, sentence, weights);
    dropout(walk, causal_weights);
    two_builds(walk);
    a_batch(walk, sentence);
}

}  // namespace

int main(int argc, char** argv) {
    return walk_through({.chapter = chapter, .tell = tell, .mistakes = ch3::mistakes}, argc, argv);
}
