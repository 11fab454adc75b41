// The walk's variants once more, with every stage that people get wrong as a variable. A mistake changes one.
// B = sequences in a batch, T = new tokens, S = visible keys, H = heads
#pragma once
#include <cstddef>
#include <functional>

#include "chapters/09_every_model/alibi.hpp"
#include "chapters/09_every_model/distance_bias.hpp"
#include "chapters/09_every_model/norms.hpp"
#include "chapters/09_every_model/output_gate.hpp"
#include "chapters/09_every_model/rotary.hpp"
#include "chapters/09_every_model/sinks.hpp"
#include "chapters/09_every_model/soft_cap.hpp"
#include "chapters/09_every_model/tour.hpp"
#include "common/files/tensor_file.hpp"

namespace ch9 {

// Where the soft cap stands.
enum class Capped { after_scale, before_scale, after_mask };

struct Stages {
    std::function<Tensor4(const Tensor4&, const Rope&, std::size_t start_pos)> rotation = rotate;
    bool norm_after_rotation = false;
    std::function<Tensor4(const Tensor4&, float)> cap = soft_cap;
    Capped capped = Capped::after_scale;
    std::function<Tensor4(const Tensor4&, std::size_t start_pos, std::size_t first_key)> alibi = add_alibi;
    std::function<Tensor4(const Tensor4&, const Matrix&, const DistanceBias&, bool, std::size_t, std::size_t)>
        distance_bias = add_distance_bias;
    std::function<Tensor4(const Tensor4&, const Vector&)> sink_softmax = softmax_with_sinks;
    std::function<Tensor3(const Tensor3&, const Tensor4&)> gate = open_gate;
    bool gate_before_query = false;
    // The position of the next token, when it is `start_pos` and the cache has `rows` rows.
    std::function<std::size_t(std::size_t start_pos, std::size_t rows)> position =
        [](std::size_t start_pos, std::size_t) { return start_pos; };
};

// As attention(), with these stages.
Trace attention_with(const Stages& stages, const Tensor3& x, const Variant& variant, Cache& cache,
                     std::size_t start_pos);

struct Changes {
    std::function<Setting(torch::Generator&)> draw = draw_setting;
    std::function<void(Variants&)> change = [](Variants&) {};  // recipes, weights, padding
    std::function<Vector(std::size_t)> slopes = alibi_slopes;
    Stages stages;
};

// The tensors that the walk shows, under their names.
NamedTensors tensors_with(const Changes& changes);

}  // namespace ch9
