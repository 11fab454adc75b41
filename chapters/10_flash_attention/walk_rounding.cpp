// Section 10.4: what float32 makes of large scores and of the order of additions.
#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/online_softmax.hpp"
#include "chapters/10_flash_attention/rounding.hpp"
#include "chapters/10_flash_attention/walk.hpp"
#include "common/torch/random.hpp"

namespace ch10 {
namespace {

void exp_has_limits(Walkthrough& walk) {
    Rows rows;
    for (const float x : {88.7f, 88.8f, 0.0f, -87.3f, -103.9f, -104.0f})
        rows.push_back({fmt::format("{:.1f}", x), fmt::format("{:.4e}", std::exp(x))});
    walk.section("10.4", "Float32");
    walk.step(
            "Why the maximum is subtracted",
            "The largest float32 is 3.4e38, and exp(88.8) is larger: it becomes inf. exp(-104) is smaller than "
            "the smallest float32 and becomes 0. That does no harm: the weight of such a key is too small to "
            "change any sum. After the maximum is subtracted, no score is above 0. So exp is at most 1, l is at "
            "least 1, and neither an overflow nor a division by 0 can happen.")
        .read("online_softmax.cpp")
        .table({"x", "exp(x) in float32"}, rows);
}

void large_scores(Walkthrough& walk, const Head& head) {
    const Vector scores = scores_of_last_query(head), large = scores + 89.0f;
    const Vector plain = torch::select(plain_attention(head).context_vecs, scores.size() - 1);
    Rows rows;
    float l = 0.0f;
    OnlineState state = no_keys_yet(head.values.shape(1));
    for (std::size_t first = 0; first < large.size(); first += 2) {
        for (std::size_t j = first; j < first + 2; ++j) l += std::exp(large(j));
        state = see_block(state, torch::narrow(large, 0, first, 2), torch::narrow(head.values, 0, first, 2))
                    .after;
        rows.push_back({range_of(first, 2), fmt::format("{:.2f}  {:.2f}", large(first), large(first + 1)),
                        fmt::format("{:.4g}", l), fmt::format("{:.2f}", state.m),
                        fmt::format("{:.4f}", state.l)});
    }
    walk.step(
            "Blocks without the maximum",
            "The scores of step 2, plus 89. On paper softmax stays the same, because exp(89) cancels. But sums of "
            "plain exp overflow. Then a finite number / inf is 0, and inf / inf is NaN. The running maximum "
            "follows the scores, and l is that of steps 3 to 5. Real scores reach such sizes: chapter 9, step 5.")
        .read("online_softmax.cpp")
        .table({"keys", "scores + 89", "sum of exp(s)", "m", "l"}, rows)
        .show("naive_softmax(scores + 89)", ch1::naive_softmax(large), {"S"})
        .note(
            fmt::format("The context vector of online softmax differs from step 2 by {}: scores near 89 have "
                        "fewer digits after the point.",
                        told_difference(finish(state), plain)));
}

void addition_rounds(Walkthrough& walk) {
    const Vector numbers = {16777216.0f, 1.0f, 1.0f};
    walk.step(
            "Every addition rounds",
            "A float32 has 24 bits, and 16777216 is 2^24. The next float32 is 16777218. So 16777216 + 1 is rounded "
            "back to 16777216. If the two ones are added first, they count. Neither program is wrong: each "
            "addition was rounded correctly.")
        .read("rounding.cpp")
        .table({"order", "sum"},
               {{"(16777216 + 1) + 1", fmt::format("{:.0f}", sum_in_blocks(numbers, 1))},
                {"16777216 + (1 + 1)", fmt::format("{:.0f}", sum_in_blocks(numbers, 1, From::last))}});
}

void orders_of_a_sum(Walkthrough& walk, const Vector& p) {
    const double exact = sum_in_double(p);
    const auto row = [&](const std::string& name, std::size_t block) {
        const auto sum = [&](From from) {
            const float got = sum_in_blocks(p, block, from);
            return std::pair{fmt::format("{:.2f}", got), fmt::format("{:+.1f}", in_last_places(got, exact))};
        };
        const auto [first, first_error] = sum(From::first);
        const auto [last, last_error] = sum(From::last);
        return std::vector<std::string>{name, first, first_error, last, last_error};
    };
    walk.step(
            "The same row in other blocks",
            "A row of 65536 numbers between 0 and 1, as p has them. It is summed in blocks, and then the blocks' "
            "sums are summed, forward and backward. The exact sum is computed in double. The differences are in "
            "units in the last place: 1 is the distance to the next float32. One long sum loses the most, "
            "because each addition rounds at the size of the whole sum. Blocks of 256 are 256 sums of 256 "
            "numbers. BLAS and vector instructions add in yet other orders. So two right programs differ in the "
            "last bits, and a test must allow that: it needs a bound, not equality.")
        .read("rounding.cpp")
        .table({"blocks of", "forward", "last places", "backward", "last places"},
               {row("1", 1), row("2", 2), row("3", 3), row("256", 256), row("4096", 4096),
                row("all 65536", p.size())})
        .note(fmt::format("In double: {:.2f}.", exact));
}

void contexts_in_every_order(Walkthrough& walk, const Head& head) {
    const Vector scores = scores_of_last_query(head), exact = context_in_double(scores, head.values);
    const Vector reversed_scores = xt::flip(scores, 0);
    const Matrix reversed_values = xt::flip(head.values, 0);
    Rows rows;
    for (const std::size_t block : {1UL, 2UL, 3UL, 6UL}) {
        const Vector forward = online_softmax(scores, head.values, block).context_vec,
                     backward = online_softmax(reversed_scores, reversed_values, block).context_vec;
        rows.push_back({fmt::format("{}", block), told_difference(forward, exact),
                        told_difference(backward, exact), told_difference(forward, backward)});
    }
    walk.step(
            "The context vector in every order",
            "Online softmax of step 2's row, in blocks and in both directions, compared with double. No order is "
            "always the best. All differ from double by at most about two units in the last place; a unit is 6e-08 "
            "for numbers from 0.5 to 1.")
        .read("rounding.cpp")
        .table({"keys in a block", "forward", "backward", "both differ by"}, rows);
}

// The bits of a decoding step with 1100 keys, in this number of threads.
std::vector<float> decoded(const Tensor4& query, const Tensor4& keys, const Tensor4& values,
                           std::size_t threads) {
    AttentionCall call;
    call.batch = 1;
    call.n_queries = 1;
    call.n_keys = keys.shape(1);
    call.start_pos = keys.shape(1) - 1;
    call.n_heads = query.shape(2);
    call.n_kv_heads = keys.shape(2);
    call.queries = query;
    call.keys = keys;
    call.values = values;
    std::vector<float> output(query.size());
    decode_split(call, output.data(), threads);
    return output;
}

void the_same_bits_with_any_threads(Walkthrough& walk, torch::Generator& generator, const Vector& p) {
    const std::size_t S = 1100, head_dim = 8, heads = 2;
    const auto draw = [&](std::size_t rows) {
        return torch::view<4>(torch::randn(generator, rows, heads * head_dim), {1, rows, heads, head_dim});
    };
    const Tensor4 query = draw(1), keys = draw(S), values = draw(S);
    const std::vector<float> one_thread = decoded(query, keys, values, 1);
    Rows rows;
    for (const std::size_t threads : {1UL, 2UL, 3UL, 4UL}) {
        const std::size_t of_a_thread = (p.size() + threads - 1) / threads;
        const bool is_same = decoded(query, keys, values, threads) == one_thread;
        rows.push_back({fmt::format("{}", threads), fmt::format("{:.3f}", sum_in_blocks(p, of_a_thread)),
                        fmt::format("{:.3f}", sum_in_blocks(p, 512)),
                        is_same ? "the same bits" : "other bits"});
    }
    walk.step(
            "The same bits with any number of threads",
            "If each thread gets an equal part of the keys, the parts depend on the number of threads, and so do "
            "the last bits: see the second column. A result that changes with the machine is hard to test. So the "
            "parts of this chapter have 512 keys for any number of threads, and they are merged in their order. "
            "The last column is the engine itself: a decoding step with 1100 keys.")
        .read("split_keys.cpp")
        .table({"threads", "parts of 65536 / threads", "parts of 512", "decode_split, 1100 keys"}, rows);
}

}  // namespace

void walk_rounding(Walkthrough& walk, const Head& head) {
    torch::Generator generator(walk.seed(walk_seed));
    const Vector p = torch::uniform(generator, 65536, 0.0f, 1.0f);
    exp_has_limits(walk);
    large_scores(walk, head);
    addition_rounds(walk);
    orders_of_a_sum(walk, p);
    contexts_in_every_order(walk, head);
    the_same_bits_with_any_threads(walk, generator, p);
}

}  // namespace ch10
