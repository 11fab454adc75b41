#include "common/bench/work.hpp"

#include <algorithm>
#include <initializer_list>

namespace bench {
namespace {

double product(std::initializer_list<std::size_t> sizes) {
    double result = 1;
    for (const std::size_t size : sizes) result *= static_cast<double>(size);
    return result;
}

}  // namespace

Work work_of(const AttentionCall& call) {
    double pairs = 0;
    std::size_t first_key = call.n_keys, stop_key = 0;
    for (std::size_t i = 0; i < call.n_queries; ++i) {
        const AttentionCall::Range visible = call.visible(i);
        pairs += static_cast<double>(visible.stop - visible.first);
        first_key = std::min(first_key, visible.first);
        stop_key = std::max(stop_key, visible.stop);
    }
    const std::size_t read = stop_key > first_key ? stop_key - first_key : 0;
    const std::size_t query_width = call.queries.shape(3) + call.queries_pe.shape(3);
    const bool values_are_keys = call.values.data() != nullptr && call.values.data() == call.keys.data();
    const std::size_t numbers_of_key = call.keys.shape(2) * call.keys.shape(3) +
                                       call.keys_pe.shape(2) * call.keys_pe.shape(3) +
                                       (values_are_keys ? 0 : call.values.shape(2) * call.values.shape(3));

    const double numbers =
        product({call.batch, call.n_queries, call.n_heads, query_width + call.value_dim()}) +
        product({call.batch, read, numbers_of_key});
    return {2 * product({call.batch, call.n_heads, query_width + call.value_dim()}) * pairs,
            sizeof(float) * numbers};
}

Work work_of_projection(std::size_t rows, std::size_t in, std::size_t out) {
    return {2 * product({rows, in, out}),
            sizeof(float) * (product({rows, in}) + product({out, in}) + product({rows, out}))};
}

}  // namespace bench
