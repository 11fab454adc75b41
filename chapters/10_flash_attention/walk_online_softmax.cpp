// Section 10.1: online softmax, one block of keys after the other.
#include <fmt/ranges.h>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/10_flash_attention/online_softmax.hpp"
#include "chapters/10_flash_attention/walk.hpp"

namespace ch10 {
namespace {

void the_head(Walkthrough& walk, const Head& head) {
    walk.section("10.1", "Online softmax");
    walk.step(
            "One head",
            "Six tokens of one head, with queries, keys and values of three numbers. A real head has 64 to 256 "
            "numbers, and a text has thousands of tokens. All of this chapter's results are those of chapter 3; "
            "only the order of the work is new.")
        .read("small_head.cpp")
        .show("queries", head.queries, {"T", "d"}, pytorch())
        .show("keys", head.keys, {"S", "d"}, pytorch())
        .show("values", head.values, {"S", "d"}, pytorch());
}

void the_plain_way(Walkthrough& walk, const Head& head) {
    const Vector scores = scores_of_last_query(head), attn_weights = ch1::softmax(scores);
    const PlainTrace plain = plain_attention(head);
    walk.step(
            "The plain way needs the whole row",
            "The last token sees all six keys. Chapter 1's softmax goes over its row of scores three times: "
            "for the maximum, for exp and the sum, and for the division. The first weight is known only after "
            "the last score. So the whole row must be in memory, and for all queries together that is a matrix "
            "(T, S). For 32768 tokens it has 4 GiB for each head.")
        .read("small_head.cpp")
        .formula("αⱼ = exp(sⱼ - m) / Σ exp(sⱼ - m)        m = max sⱼ")
        .show("scores", scores, {"S"}, pytorch())
        .show("attn_weights", attn_weights, {"S"}, pytorch())
        .show("context_vec", torch::select(plain.context_vecs, scores.size() - 1), {"d"}, pytorch());
}

void the_first_block(Walkthrough& walk, const BlockTrace& first) {
    walk.step(
            "The first block",
            "Online softmax sees the scores in blocks, here of two keys. It computes with the largest score so "
            "far, m, as if no larger one would come. p are the exponentials of the block. l is their sum, and "
            "acc is the sum of the values times p. Neither is divided yet.")
        .read("online_softmax.cpp")
        .formula("m = max sⱼ        pⱼ = exp(sⱼ - m)        l = Σ pⱼ        acc = Σ pⱼ vⱼ")
        .show("first.scores", first.scores, {"N"}, pytorch())
        .show("first.m", AnyTensor(first.after.m), {}, pytorch())
        .show("first.p", first.p, {"N"}, pytorch())
        .show("first.l", AnyTensor(first.after.l), {}, pytorch())
        .show("first.acc", first.after.acc, {"d"}, pytorch());
}

void the_second_block(Walkthrough& walk, const BlockTrace& first, const BlockTrace& second) {
    walk.step(
            "A larger score comes",
            "The second block has a larger score, so m grows. What was summed so far was exp(s - old m), and it "
            "must become exp(s - new m). One factor does this for all old keys at once: alpha = exp(old m - new "
            "m). The old scores are not needed again, which is why they need not be stored.")
        .read("online_softmax.cpp")
        .formula("alpha = exp(m_old - m)")
        .formula("l ← alpha l + Σ pⱼ        acc ← alpha acc + Σ pⱼ vⱼ")
        .show("second.scores", second.scores, {"N"}, pytorch())
        .show("second.m", AnyTensor(second.after.m), {}, pytorch())
        .show("second.alpha", AnyTensor(second.alpha), {}, pytorch())
        .show("second.p", second.p, {"N"}, pytorch())
        .show("second.l", AnyTensor(second.after.l), {}, pytorch())
        .show("second.acc", second.after.acc, {"d"}, pytorch())
        .note(fmt::format("alpha = exp({:.4f} - {:.4f}) = {:.4f}, and l = {:.4f} * {:.4f} + {:.4f} + {:.4f}.",
                          first.after.m, second.after.m, second.alpha, first.after.l, second.alpha,
                          second.p(0), second.p(1)));
}

void the_third_block(Walkthrough& walk, const BlockTrace& third) {
    walk.step(
            "No larger score comes",
            "The third block has no score above m. So m stays, alpha is exp(0) = 1, and the block is only added. "
            "After many blocks this is the usual case, and a kernel can skip the multiplication then.")
        .read("online_softmax.cpp")
        .show("third.scores", third.scores, {"N"}, pytorch())
        .show("third.m", AnyTensor(third.after.m), {}, pytorch())
        .show("third.alpha", AnyTensor(third.alpha), {}, pytorch())
        .show("third.p", third.p, {"N"}, pytorch())
        .show("third.l", AnyTensor(third.after.l), {}, pytorch())
        .show("third.acc", third.after.acc, {"d"}, pytorch());
}

void the_division(Walkthrough& walk, const Head& head, const OnlineTrace& online) {
    const Vector scores = scores_of_last_query(head);
    const PlainTrace plain = plain_attention(head);
    walk.step(
            "Divide once, at the end",
            "acc / l is the context vector: the same numbers as in step 2. The weights themselves are never "
            "needed. With the last m and l they are exp(s - m) / l, which is chapter 1's softmax.")
        .read("online_softmax.cpp")
        .formula("context = acc / l")
        .show("online_context", online.context_vec, {"d"}, pytorch())
        .note(fmt::format(
            "Largest difference from step 2: {} in the context vector, {} in the weights.",
            told_difference(online.context_vec, torch::select(plain.context_vecs, scores.size() - 1)),
            told_difference(online.attn_weights, ch1::softmax(scores))));
}

void other_blocks(Walkthrough& walk, const Head& head) {
    const Vector scores = scores_of_last_query(head);
    const Vector plain = torch::select(plain_attention(head).context_vecs, scores.size() - 1);
    Rows rows;
    for (const std::size_t block : {1UL, 2UL, 3UL, 4UL, 6UL}) {
        const OnlineTrace online = online_softmax(scores, head.values, block);
        std::vector<std::string> alphas;
        for (const BlockTrace& part : online.blocks) alphas.push_back(fmt::format("{:.2f}", part.alpha));
        const OnlineState& last = online.blocks.back().after;
        rows.push_back({fmt::format("{}", block), fmt::format("{}", fmt::join(alphas, "  ")),
                        fmt::format("{:.4f}", last.m), fmt::format("{:.4f}", last.l),
                        told_difference(online.context_vec, plain)});
    }
    walk.step(
            "Blocks of any size",
            "The size of a block is free, and the last block may be shorter. m, l and acc end at the same "
            "numbers. With one key in a block this is a loop over the keys, and with all keys in one block it "
            "is chapter 1's softmax. The first alpha is always exp(-inf) = 0: there is nothing to correct.")
        .read("online_softmax.hpp")
        .table({"block", "alpha of each block", "m", "l", "difference"}, rows);
}

}  // namespace

Vector scores_of_last_query(const Head& head) {
    return torch::select(plain_attention(head).attn_scores, head.queries.shape(0) - 1);
}

void walk_online_softmax(Walkthrough& walk, const Head& head) {
    const OnlineTrace online = online_softmax(scores_of_last_query(head), head.values, 2);
    the_head(walk, head);
    the_plain_way(walk, head);
    the_first_block(walk, online.blocks[0]);
    the_second_block(walk, online.blocks[0], online.blocks[1]);
    the_third_block(walk, online.blocks[2]);
    the_division(walk, head, online);
    other_blocks(walk, head);
}

}  // namespace ch10
