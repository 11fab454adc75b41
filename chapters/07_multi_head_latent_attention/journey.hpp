// One call of absorbed attention, operation by operation: which operations only change how memory is read,
// which compute, and what they cost.
// B = sequences in a batch, T = tokens, H = heads
#pragma once
#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "common/any_tensor.hpp"
#include "common/tensor.hpp"

namespace ch7 {

// How PyTorch stores a tensor in memory: its shape, and how many numbers lie between neighbours along each
// axis.
struct Layout {
    Shape shape, strides;
};

struct JourneyStep {
    std::string code;  // the operation, in PyTorch
    std::string text;  // its purpose
    Layout before, after;
    enum class Kind { view, copied, computed } kind;
    double flops;  // an addition or a multiplication counts as one
    double bytes;  // read and written, each tensor once, weights included; 0 for a view
    std::string name;
    AnyTensor tensor;
    std::vector<std::string> axes;
};

// Records the journey of x through a layer with direct queries (q_lora_rank 0). `trace` is its trace from
// position 0.
std::vector<JourneyStep> journey(const Tensor3& x, const Weights& weights, const Config& config,
                                 const AbsorbedTrace& trace);

}  // namespace ch7
