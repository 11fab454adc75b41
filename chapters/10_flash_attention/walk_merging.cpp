// Section 10.2: the keys of a text in parts, and how the parts are merged.
#include <limits>

#include "chapters/10_flash_attention/online_softmax.hpp"
#include "chapters/10_flash_attention/walk.hpp"

namespace ch10 {
namespace {

struct Halves {
    OnlineState left, right;  // keys 0 to 2, keys 3 to 5
};

// What online softmax knows after the keys from `first` on.
OnlineState state_of(const Head& head, std::size_t first, std::size_t n) {
    return see_block(no_keys_yet(head.values.shape(1)),
                     torch::narrow(scores_of_last_query(head), 0, first, n),
                     torch::narrow(head.values, 0, first, n))
        .after;
}

Halves halves_of(const Head& head) {
    const std::size_t half = head.keys.shape(0) / 2;
    return {state_of(head, 0, half), state_of(head, half, head.keys.shape(0) - half)};
}

void two_halves(Walkthrough& walk, const Halves& halves) {
    walk.section("10.2", "Merging");
    walk.step(
            "Two halves of a text",
            "The same query, but two threads: one has the first three keys, the other has the last three. Neither "
            "knows the other's largest score. Each ends with an m, an l and an acc of its own. When a model "
            "decodes, there is one query and a long cache. Splitting the keys is then the only way to give work "
            "to all cores, or to all multiprocessors of a GPU.")
        .read("online_softmax.cpp")
        .show("left.m", AnyTensor(halves.left.m), {}, pytorch())
        .show("left.l", AnyTensor(halves.left.l), {}, pytorch())
        .show("left.acc", halves.left.acc, {"d"}, pytorch())
        .show("right.m", AnyTensor(halves.right.m), {}, pytorch())
        .show("right.l", AnyTensor(halves.right.l), {}, pytorch())
        .show("right.acc", halves.right.acc, {"d"}, pytorch());
}

void merge_them(Walkthrough& walk, const Head& head, const Halves& halves) {
    const MergeTrace merged = merge(halves.left, halves.right);
    const Vector context = finish(merged.merged),
                 plain = torch::select(plain_attention(head).context_vecs, head.queries.shape(0) - 1);
    walk.step(
            "Merge",
            "Merging is the correction of step 4 on both sides. The common m is the larger one. Each half is "
            "multiplied by exp(its m - m), and then the sums are added. One of the two factors is always 1.")
        .read("online_softmax.cpp")
        .formula("m = max(m_a, m_b)")
        .formula("alpha_a = exp(m_a - m)        alpha_b = exp(m_b - m)")
        .formula("l = alpha_a l_a + alpha_b l_b        acc = alpha_a acc_a + alpha_b acc_b")
        .show("merged.m", AnyTensor(merged.m), {}, pytorch())
        .show("merged.alpha_a", AnyTensor(merged.alpha_a), {}, pytorch())
        .show("merged.alpha_b", AnyTensor(merged.alpha_b), {}, pytorch())
        .show("merged.l", AnyTensor(merged.merged.l), {}, pytorch())
        .show("merged.acc", merged.merged.acc, {"d"}, pytorch())
        .show("merged_context", context, {"d"}, pytorch())
        .note(fmt::format("Largest difference from step 2: {}.", told_difference(context, plain)));
}

void not_the_mean(Walkthrough& walk, const Head& head, const Halves& halves) {
    const MergeTrace merged = merge(halves.left, halves.right);
    const Vector left = finish(halves.left), right = finish(halves.right), context = finish(merged.merged);
    const Vector plain = torch::select(plain_attention(head).context_vecs, head.queries.shape(0) - 1);
    const float share_of_left = halves.left.l * merged.alpha_a / merged.merged.l;
    const Vector mean = 0.5f * (left + right),
                 by_l = (halves.left.acc + halves.right.acc) / (halves.left.l + halves.right.l),
                 by_share = share_of_left * left + (1.0f - share_of_left) * right;
    const auto row = [&](const char* how, const Vector& result) {
        return std::vector<std::string>{
            how, fmt::format("{:.4f}  {:.4f}  {:.4f}", result(0), result(1), result(2)),
            told_difference(result, plain)};
    };
    walk.step(
            "Not the mean of both",
            "Each half has a context vector of its own, and both look right. But their mean is wrong: a half "
            "counts with its part of the whole sum. The plain l is wrong as a weight too, because the two l were "
            "computed with different maxima. Kernels that store finished halves store log l + m with each of "
            "them, the log-sum-exp, and merge with that.")
        .read("online_softmax.hpp")
        .show("left_context", left, {"d"}, pytorch())
        .show("right_context", right, {"d"}, pytorch())
        .table({"merged by", "context vector", "difference"},
               {row("the mean", mean), row("l, with different m", by_l), row("exp(log-sum-exp)", by_share),
                row("merge()", context)})
        .note(fmt::format("The left half has {:.1f} % of the sum, and the right half {:.1f} %.",
                          100.0f * share_of_left, 100.0f * (1.0f - share_of_left)));
}

void in_any_order(Walkthrough& walk, const Head& head) {
    const OnlineState a = state_of(head, 0, 2), b = state_of(head, 2, 2), c = state_of(head, 4, 2);
    const Vector plain = torch::select(plain_attention(head).context_vecs, head.queries.shape(0) - 1);
    const auto row = [&](const char* order, const OnlineState& state) {
        return std::vector<std::string>{order, fmt::format("{:.4f}", state.m), fmt::format("{:.4f}", state.l),
                                        told_difference(finish(state), plain)};
    };
    walk.step(
            "In any order",
            "Three parts a, b and c of two keys each. On paper the order does not matter: merging is associative "
            "and commutative, as the sum is. In float32 only the last bits depend on the order (section 10.4). So "
            "each thread may compute its part at any time, and the parts may be merged in a tree.")
        .read("online_softmax.cpp")
        .table({"order", "m", "l", "difference"}, {row("(a + b) + c", merge(merge(a, b).merged, c).merged),
                                                   row("a + (b + c)", merge(a, merge(b, c).merged).merged),
                                                   row("(c + a) + b", merge(merge(c, a).merged, b).merged),
                                                   row("c + (b + a)", merge(c, merge(b, a).merged).merged)});
}

void nothing_to_merge(Walkthrough& walk, const Head& head, const Halves& halves) {
    const float inf = std::numeric_limits<float>::infinity();
    const Vector hidden = {-inf, -inf, -inf};
    const BlockTrace empty =
        see_block(no_keys_yet(head.values.shape(1)), hidden, torch::narrow(head.values, 0, 0, 3));
    const Vector alone = finish(halves.right), merged = finish(merge(empty.after, halves.right).merged);
    const MergeTrace both_empty = merge(empty.after, empty.after);
    walk.step("A part without a visible key",
              "A window or padding can mask all keys of a part. Then its m is -inf, and its l must be 0. The "
              "formula gives exp(-inf - (-inf)), which is NaN, and one NaN spoils every later block. So 0 is "
              "subtracted instead while m is -inf: exp(-inf - 0) is 0.")
        .read("online_softmax.cpp")
        .table({"part", "m", "l", "acc"},
               {{"masked entirely", fmt::format("{}", empty.after.m), fmt::format("{}", empty.after.l),
                 fmt::format("{}  {}  {}", empty.after.acc(0), empty.after.acc(1), empty.after.acc(2))},
                {"two such parts, merged", fmt::format("{}", both_empty.m),
                 fmt::format("{}", both_empty.merged.l),
                 fmt::format("{}  {}  {}", both_empty.merged.acc(0), both_empty.merged.acc(1),
                             both_empty.merged.acc(2))}})
        .note(fmt::format("Merged with the right half, it changes nothing: the difference is {}. A query "
                          "without any visible key gets the context vector 0, as in chapter 3.",
                          told_difference(merged, alone)));
}

}  // namespace

void walk_merging(Walkthrough& walk, const Head& head) {
    const Halves halves = halves_of(head);
    two_halves(walk, halves);
    merge_them(walk, head, halves);
    not_the_mean(walk, head, halves);
    in_any_order(walk, head);
    nothing_to_merge(walk, head, halves);
}

}  // namespace ch10
