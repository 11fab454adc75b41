#include "chapters/09_every_model/rotary.hpp"

#include <cmath>

#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/06_rotary_position_embedding/scaling.hpp"

namespace ch9 {

Tensor4 rotate(const Tensor4& x, const Rope& rope, std::size_t start_pos) {
    const ch6::ComplexMatrix table =
        ch6::rotation_table(rope.freqs, start_pos + x.shape(1), rope.attention_factor);
    const auto turn = rope.pairs == Rope::Pairs::halves ? ch6::rotate_half_split : ch6::rotate;
    if (rope.rotary_dim == x.shape(3)) return turn(x, table, start_pos);

    Tensor4 rotated = x;
    xt::view(rotated, xt::all(), xt::all(), xt::all(), xt::range(std::size_t{0}, rope.rotary_dim)) =
        turn(torch::narrow(x, 3, 0, rope.rotary_dim), table, start_pos);
    return rotated;
}

Vector frequencies(const RopeFields& fields, std::size_t rotary_dim, std::size_t tokens) {
    ModelConfig model;
    model.rope_theta = fields.theta;
    if (!fields.scaling) return ch6::model_frequencies(model, rotary_dim);
    if (fields.scaling->type == "dynamic") {
        model.rope_theta = dynamic_theta(fields, rotary_dim, tokens);
        return ch6::model_frequencies(model, rotary_dim);
    }
    if (fields.scaling->type == "longrope") {
        // Each frequency has a divisor of its own, found by search: one list for short texts, one for long
        // ones.
        const bool is_long = tokens > fields.scaling->original_max_seq_len;
        const std::vector<double>& divisors = is_long ? fields.long_factor : fields.short_factor;
        Vector freqs = ch6::model_frequencies(model, rotary_dim);
        for (std::size_t i = 0; i < freqs.size(); ++i) freqs(i) /= static_cast<float>(divisors.at(i));
        return freqs;
    }
    model.rope_scaling = fields.scaling;
    return ch6::model_frequencies(model, rotary_dim);
}

double dynamic_theta(const RopeFields& fields, std::size_t rotary_dim, std::size_t tokens) {
    const auto original = static_cast<double>(fields.scaling->original_max_seq_len);
    const auto length = static_cast<double>(tokens), d = static_cast<double>(rotary_dim);
    if (length <= original) return fields.theta;
    const double factor = fields.scaling->factor;
    return fields.theta * std::pow(factor * length / original - (factor - 1.0), d / (d - 2.0));
}

}  // namespace ch9
