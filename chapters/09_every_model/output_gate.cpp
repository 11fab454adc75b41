#include "chapters/09_every_model/output_gate.hpp"

namespace ch9 {

Tensor3 open_gate(const Tensor3& combined, const Tensor4& gate) {
    const Tensor3 flat = torch::view<3>(gate, combined.shape());
    return combined / (1.0f + xt::exp(-flat));
}

}  // namespace ch9
