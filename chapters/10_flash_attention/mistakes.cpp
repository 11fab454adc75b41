#include "chapters/10_flash_attention/mistakes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/10_flash_attention/stages.hpp"

namespace ch10 {
namespace {

template <class Change>
std::function<NamedTensors()> changed(Change change) {
    return [change] {
        Stages stages;
        change(stages);
        return tensors_with(stages);
    };
}

// A mistake in see_block(): it gets the block and the right trace, and changes the trace.
template <class Change>
std::function<NamedTensors()> in_blocks(Change change) {
    return changed([change](Stages& stages) {
        stages.see = [change](const Block& block) {
            BlockTrace trace = see_block(block.before, block.scores, block.values);
            change(block, trace);
            return trace;
        };
    });
}

// A mistake in merge(): it gets both states and the right result.
template <class Change>
std::function<NamedTensors()> in_merges(Change change) {
    return changed([change](Stages& stages) {
        stages.merge = [change](const OnlineState& a, const OnlineState& b) {
            MergeTrace trace = merge(a, b);
            change(a, b, trace);
            return trace;
        };
    });
}

Vector times_values(const Block& block, const Vector& p) {
    return torch::select(torch::matmul(torch::view<2>(p, {1, p.size()}), block.values), 0);
}

// l and acc from alpha and p.
void add_up(const Block& block, BlockTrace& trace) {
    trace.after.l = block.before.l * trace.alpha + xt::sum(trace.p)();
    trace.after.acc = block.before.acc * trace.alpha + times_values(block, trace.p);
}

Mistakes mistakes_of_blocks() {
    return {
        {"l-not-corrected", "l is not multiplied by alpha when the maximum grows", "l = l * alpha + p.sum()",
         in_blocks([](const Block& block, BlockTrace& trace) {
             trace.after.l = block.before.l + xt::sum(trace.p)();
         })},
        {"acc-not-corrected", "acc is not multiplied by alpha when the maximum grows",
         "acc = acc * alpha + p @ values", in_blocks([](const Block& block, BlockTrace& trace) {
             trace.after.acc = block.before.acc + times_values(block, trace.p);
         })},
        {"alpha-inverted", "alpha is exp(m_new - m), so old sums grow instead of shrinking",
         "alpha = torch.exp(m - m_new)", in_blocks([](const Block& block, BlockTrace& trace) {
             trace.alpha = std::exp(trace.m_new - block.before.m);
             add_up(block, trace);
         })},
        {"alpha-on-the-new-block", "alpha multiplies the new block too",
         "l = l * alpha + p.sum(): p already has the new maximum",
         in_blocks([](const Block& block, BlockTrace& trace) {
             trace.after.l = (block.before.l + xt::sum(trace.p)()) * trace.alpha;
             trace.after.acc = (block.before.acc + times_values(block, trace.p)) * trace.alpha;
         })},
        {"p-from-the-block-maximum", "p is exp(scores - the block's maximum), not the running maximum",
         "p = torch.exp(scores - m_new)", in_blocks([](const Block& block, BlockTrace& trace) {
             trace.p = xt::exp(block.scores - trace.block_max);
             add_up(block, trace);
         })},
        {"maximum-not-subtracted", "p is exp(scores), without the maximum", "p = torch.exp(scores - m_new)",
         in_blocks([](const Block& block, BlockTrace& trace) {
             trace.p = xt::exp(block.scores);
             add_up(block, trace);
         })},
        {"m-starts-at-0", "m starts at 0, so it is never negative, and rows of very negative scores sum to 0",
         "m = torch.tensor(-torch.inf)", changed([](Stages& stages) {
             stages.start = [](std::size_t d) {
                 OnlineState state = no_keys_yet(d);
                 state.m = 0.0f;
                 return state;
             };
         })},
        {"softmax-of-each-block", "each block has a softmax of its own", "p = torch.exp(scores - m_new)",
         in_blocks([](const Block& block, BlockTrace& trace) {
             trace.p = ch1::softmax(block.scores);
             add_up(block, trace);
         })},
        {"acc-replaced", "acc is only the last block's weighted sum", "acc = acc * alpha + p @ values",
         in_blocks(
             [](const Block& block, BlockTrace& trace) { trace.after.acc = times_values(block, trace.p); })},
    };
}

Mistakes mistakes_of_the_division() {
    const auto finish_with = [](auto finish) {
        return changed([finish](Stages& stages) { stages.finish = finish; });
    };
    return {
        {"divided-in-each-block", "acc is divided by l in each block, and the next block counts it as a sum",
         "divide once, after the last block",
         in_blocks([](const Block&, BlockTrace& trace) { trace.after.acc /= trace.after.l; })},
        {"division-missing", "acc is not divided by l", "context = acc / l",
         finish_with([](const OnlineState& state) { return state.acc; })},
        {"divided-by-the-last-block", "acc is divided by the sum of the last block",
         "context = acc / l: l is the sum over all blocks",
         [] {
             torch::Generator generator(walk_seed);
             const Head head = draw_head(generator);
             const std::size_t last = head.keys.shape(0) - 1;
             const OnlineTrace trace =
                 online_softmax(torch::select(plain_attention(head).attn_scores, last), head.values, 2);
             const BlockTrace& block = trace.blocks.back();
             const Vector context = block.after.acc / xt::sum(block.p)();
             return NamedTensors{{"online_context", context}};
         }},
    };
}

Mistakes mistakes_of_merging() {
    const auto context_with = [](auto context) {
        return changed([context](Stages& stages) { stages.merged_context = context; });
    };
    return {
        {"merged-by-the-mean", "the merged context is the mean of both contexts",
         "(acc_a * alpha_a + acc_b * alpha_b) / l: each half counts with its part of the sum",
         context_with([](const OnlineState& left, const OnlineState& right, const OnlineState&) {
             const Vector mean = (finish(left) + finish(right)) / 2.0f;
             return mean;
         })},
        {"merged-by-l", "each context counts with its l, but the two l have different maxima",
         "correct both l by exp(m_a - m), exp(m_b - m) first",
         context_with([](const OnlineState& left, const OnlineState& right, const OnlineState&) {
             const Vector context = (left.acc + right.acc) / (left.l + right.l);
             return context;
         })},
        {"merged-without-correction", "the halves are added without alpha_a and alpha_b",
         "l = l_a * alpha_a + l_b * alpha_b, and acc alike",
         in_merges([](const OnlineState& a, const OnlineState& b, MergeTrace& trace) {
             trace.merged.l = a.l + b.l;
             trace.merged.acc = a.acc + b.acc;
         })},
        {"merged-l-not-corrected", "alpha_a and alpha_b multiply acc, but not l",
         "l = l_a * alpha_a + l_b * alpha_b",
         in_merges([](const OnlineState& a, const OnlineState& b, MergeTrace& trace) {
             trace.merged.l = a.l + b.l;
         })},
        {"merged-acc-not-corrected", "alpha_a and alpha_b multiply l, but not acc",
         "acc = acc_a * alpha_a + acc_b * alpha_b",
         in_merges([](const OnlineState& a, const OnlineState& b, MergeTrace& trace) {
             trace.merged.acc = a.acc + b.acc;
         })},
        {"alphas-swapped", "each half is multiplied by the other half's correction",
         "alpha_a = torch.exp(m_a - m) belongs to the half with m_a",
         in_merges([](const OnlineState& a, const OnlineState& b, MergeTrace& trace) {
             std::swap(trace.alpha_a, trace.alpha_b);
             trace.merged.l = a.l * trace.alpha_a + b.l * trace.alpha_b;
             trace.merged.acc = a.acc * trace.alpha_a + b.acc * trace.alpha_b;
         })},
    };
}

Mistakes mistakes_of_tiles() {
    const auto mask_with = [](auto mask) { return changed([mask](Stages& stages) { stages.mask = mask; }); };
    return {
        {"mask-by-tile", "later tiles are skipped, but the tile on the diagonal is not masked",
         "mask each score of a diagonal tile: key position > query position",
         mask_with([](const Matrix& scores, std::size_t, std::size_t) { return scores; })},
        {"mask-key-without-offset", "the mask counts keys from the start of the tile",
         "key position = first_key + j",
         mask_with([](const Matrix& scores, std::size_t first_query, std::size_t) {
             return mask_tile(scores, first_query, 0);
         })},
        {"mask-positions-of-the-tile",
         "the mask counts queries and keys from the start of the tile, so every tile is masked",
         "query position = first_query + i, key position = first_key + j",
         mask_with([](const Matrix& scores, std::size_t, std::size_t) { return mask_tile(scores, 0, 0); })},
        {"mask-zero-instead-of-inf", "masked scores are 0, and exp(0 - m) is no small number",
         "scores.masked_fill(later, -torch.inf)",
         mask_with([](const Matrix& scores, std::size_t first_query, std::size_t first_key) {
             Matrix masked = mask_tile(scores, first_query, first_key);
             for (float& score : masked)
                 if (std::isinf(score)) score = 0.0f;
             return masked;
         })},
        {"diagonal-skipped", "the tiles on the diagonal are skipped too",
         "skip a tile if its first key is later than its last query", changed([](Stages& stages) {
             stages.skips = [](std::size_t first_query, std::size_t first_key) {
                 return first_key >= first_query;
             };
             stages.finish = [](const OnlineState& state) {  // 0 / 0 in the rows without a key
                 const Vector context = state.acc / state.l;
                 return context;
             };
         })},
        {"values-of-the-first-tile", "each tile of weights meets the first tile of values",
         "p @ values[first_key:first_key + N]",
         changed([](Stages& stages) { stages.first_value = [](std::size_t) { return std::size_t{0}; }; })},
        {"states-not-reset", "m, l and acc are not reset for the next tile of queries",
         "m = -inf, l = 0, acc = 0 for each tile of queries",
         changed([](Stages& stages) { stages.starts_each_row_anew = false; })},
    };
}

Mistakes mistakes_of_scores() {
    const auto divided_by = [](auto divisor) {
        return changed([divisor](Stages& stages) { stages.divisor = divisor; });
    };
    return {
        {"scale-missing", "the scores are not divided by sqrt(d)", "queries @ keys.T / math.sqrt(d)",
         divided_by([](std::size_t) { return 1.0f; })},
        {"scale-twice", "the scores are divided by sqrt(d) twice", "queries @ keys.T / math.sqrt(d)",
         divided_by([](std::size_t d) { return static_cast<float>(d); })},
        {"construction-order", "the keys are drawn before the queries",
         "draw queries, keys, values in this order", changed([](Stages& stages) {
             stages.draw = [](torch::Generator& generator) {
                 Head head = draw_head(generator);
                 std::swap(head.queries, head.keys);
                 return head;
             };
         })},
    };
}

}  // namespace

Mistakes mistakes() {
    Mistakes table;
    for (const Mistakes& more : {mistakes_of_scores(), mistakes_of_blocks(), mistakes_of_the_division(),
                                 mistakes_of_merging(), mistakes_of_tiles()}) {
        table.insert(table.end(), more.begin(), more.end());
    }
    return table;
}

}  // namespace ch10
