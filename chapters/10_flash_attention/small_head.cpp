#include "chapters/10_flash_attention/small_head.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/torch/random.hpp"

namespace ch10 {

Head draw_head(torch::Generator& generator) {
    constexpr std::size_t d = 3;
    const std::size_t T = words().size();
    Head head;
    for (Matrix* part : {&head.queries, &head.keys, &head.values}) *part = torch::randn(generator, T, d);
    return head;
}

const std::vector<std::string>& words() {
    static const std::vector<std::string> text = ch1::your_journey().words;
    return text;
}

PlainTrace plain_attention(const Head& head) {
    PlainTrace trace;
    const float root = std::sqrt(static_cast<float>(head.keys.shape(1)));
    trace.attn_scores = torch::matmul_transposed(head.queries, head.keys) / root;
    trace.masked =
        ch3::masked_fill(trace.attn_scores, ch3::future_mask(head.keys.shape(0)), ch3::True::hides);
    trace.attn_weights = ch3::masked_softmax(trace.masked);
    trace.context_vecs = torch::matmul(trace.attn_weights, head.values);
    return trace;
}

}  // namespace ch10
