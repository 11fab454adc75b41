#include "common/exercise/check.hpp"

#include "chapters/09_every_model/cache.hpp"
#include "chapters/09_every_model/mask.hpp"
#include "chapters/09_every_model/rotary.hpp"
#include "chapters/09_every_model/sinks.hpp"

using namespace exercise;

namespace {

ch9::Recipe layer(std::size_t n_heads, std::size_t n_kv_heads, std::size_t head_dim) {
    ch9::Recipe recipe;
    recipe.dim = n_heads * head_dim;
    recipe.n_heads = n_heads;
    recipe.n_kv_heads = n_kv_heads;
    recipe.head_dim = head_dim;
    return recipe;
}

ch9::Recipe layer_with_window(std::size_t n_heads, std::size_t n_kv_heads, std::size_t head_dim,
                              std::size_t window) {
    ch9::Recipe recipe = layer(n_heads, n_kv_heads, head_dim);
    recipe.mask.window = window;
    return recipe;
}

// The keys that one query sees in a text that ends with it.
double keys_seen_at(std::size_t position) {
    const ch3::MaskMatrix hidden =
        ch9::hidden_keys(layer_with_window(1, 1, 1, 4).mask, 1, position, position + 1, 0);
    double seen = 0;
    for (const bool is_hidden : hidden) seen += is_hidden ? 0 : 1;
    return seen;
}

// A ring of 4 rows after so many tokens. The key of each token is its position.
ch9::Cache ring_of_positions(std::size_t tokens) {
    ch9::Cache ring(layer_with_window(1, 1, 1, 4), 1, tokens);
    for (std::size_t t = 0; t < tokens; ++t) {
        const Tensor4 key = xt::ones<float>({1, 1, 1, 1}) * static_cast<float>(t);
        ring.write(t, key, key);
    }
    return ring;
}

float position_in_row(const ch9::Cache& ring, std::size_t row) {
    return ring.buffer().cache_k()(0, row, 0, 0);
}

double row_of(const ch9::Cache& ring, float position) {
    std::size_t row = 0;
    while (position_in_row(ring, row) != position) ++row;
    return static_cast<double>(row);
}

// A head of 10 numbers at position 5, of which the first 4 are rotated.
Tensor4 rotated(const Tensor4& head) {
    ch9::Rope rope;
    rope.rotary_dim = 4;
    rope.freqs = Vector{1.0f, 0.25f};
    return ch9::rotate(head, rope, 5);
}

double numbers_that_stay() {
    const Tensor4 head = random_tensor<4>(911, {1, 1, 1, 10}), after = rotated(head);
    double stay = 0;
    for (std::size_t d = 0; d < 10; ++d) stay += head(0, 0, 0, d) == after(0, 0, 0, d) ? 1 : 0;
    return stay;
}

// The other number of the pair: it is no longer 0.
double partner_of(std::size_t number) {
    Tensor4 head = xt::zeros<float>({1, 1, 1, 10});
    head(0, 0, 0, number) = 1.0f;
    const Tensor4 after = rotated(head);
    std::size_t partner = 0;
    while (partner == number || after(0, 0, 0, partner) == 0.0f) ++partner;
    return static_cast<double>(partner);
}

}  // namespace

TEST("the window") {
    check_prediction(
        "position of the first key that the query at position 9 sees",
        static_cast<double>(ch9::first_visible(layer_with_window(1, 1, 1, 4).mask, 9)),
        {{"5", "these are 5 keys: the query's own key is one of the 4", "9 - 4 + 1", "window-too-wide"},
         {"7", "these are 3 keys", "9 - 4 + 1", "window-too-narrow"},
         {"8", "this is where a chunk of 4 begins; a window moves with the query", "./walk 9, step 12",
          "window-as-chunk"},
         {"0", "this layer has a window", "./walk 9, step 12", "window-missing"}});
    check_prediction(
        "number of keys that the query at position 2 sees", keys_seen_at(2),
        {{"4", "only three tokens have come so far", "the positions 0, 1 and 2", "window-full"},
         {"2", "the query sees its own key too", "the positions 0, 1 and 2", "own-key-missing"}});
}

TEST("the ring") {
    const ch9::Cache ring = ring_of_positions(10);
    check_prediction("row of the token at position 9", row_of(ring, 9),
                     {{"9", "the ring has the rows 0 to 3", "row = position mod 4", "ring-without-mod"},
                      {"3", "the newest token is not in the last row: no row moves", "row = position mod 4",
                       "ring-moves"}});
    check_prediction(
        "position of the token in row 2", static_cast<double>(position_in_row(ring, 2)),
        {{"2", "a later token has replaced this one", "which positions mod 4 are 2?", "ring-never-replaced"},
         {"8", "the rows are not in the order of the text: no row moves", "position mod 4 = 2", "ring-moves"},
         {"10", "the token at position 10 has not come yet", "10 tokens have the positions 0 to 9",
          "token-not-there"}});
    check_prediction("position of the next token", static_cast<double>(ring.tokens()),
                     {{"4", "this is the number of rows; replaced tokens count too",
                       "the number of tokens before it", "position-from-cache-rows"},
                      {"2", "this is its row", "the number of tokens before it", "row-as-position"},
                      {"11", "positions count from 0", "the number of tokens before it", "position-from-1"}});
}

TEST("the bytes") {
    check_prediction("bytes with 8 key and value heads",
                     static_cast<double>(ch9::cache_bytes(layer(8, 8, 6), 100)),
                     {{"19200", "this is one buffer, and keys and values have one each",
                       "2 * heads * numbers of a head * rows * 4", "values-missing"},
                      {"9600", "these are numbers, and each has 4 bytes", "times 4", "numbers-as-bytes"}});
    check_prediction(
        "bytes with 2 key and value heads", static_cast<double>(ch9::cache_bytes(layer(8, 2, 6), 100)),
        {{"38400", "query heads are not in the cache", "2 key and value heads", "all-query-heads"},
         {"4800", "this is one buffer, and keys and values have one each",
          "2 * heads * numbers of a head * rows * 4", "values-missing"}});
    check_prediction(
        "bytes with 2 key and value heads and a window of 16",
        static_cast<double>(ch9::cache_bytes(layer_with_window(8, 2, 6, 16), 100)),
        {{"9600", "a layer with a window needs no row for a key that no later query sees", "16 rows",
          "window-not-in-cache"},
         {"1632", "these are 17 rows: the query's own key is one of the 16", "16 rows", "window-too-wide"},
         {"768", "this is one buffer, and keys and values have one each",
          "2 * heads * numbers of a head * rows * 4", "values-missing"}});
}

TEST("a part of a head, and a sink") {
    check_prediction("number of its numbers that do not change at position 5", numbers_that_stay(),
                     {{"4", "these are the numbers that are rotated", "10 - rotary_dim", "rotated-counted"},
                      {"0", "this is RoPE on the whole head", "./walk 9, step 15", "partial-rotates-all"}});
    check_prediction("the number that makes a pair with number 1", partner_of(1),
                     {{"6", "a half of the rotated part makes a pair, not a half of the head",
                       "1 + rotary_dim / 2", "halves-of-the-head"},
                      {"0", "these are pairs of neighbours", "1 + rotary_dim / 2", "rope-neighbours"},
                      {"2", "the neighbour of 1 in pairs of neighbours would be 0; here pairs are halves",
                       "1 + rotary_dim / 2", "rope-neighbours"}});
    const Tensor4 zeros = xt::zeros<float>({1, 1, 1, 3});
    const Vector sink = {0.0f};
    const float sum = xt::sum(ch9::softmax_with_sinks(zeros, sink))();
    check_prediction(
        "sum of the three attention weights", static_cast<double>(sum),
        {{"1", "the sink takes a part of the weight", "a softmax over four scores", "sinks-missing"},
         {"0.25", "this is the weight of the sink, or of one key", "3 of 4 equal weights", "one-weight"}});
}
