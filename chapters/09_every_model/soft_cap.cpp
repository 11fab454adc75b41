#include "chapters/09_every_model/soft_cap.hpp"

namespace ch9 {

Tensor4 soft_cap(const Tensor4& scores, float cap) {
    return cap * xt::tanh(scores / cap);
}

}  // namespace ch9
