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

// A tensor in which all heads share each row has a head stride of 0.
std::size_t stored_heads(const HeadsInMemory& x, std::size_t heads) {
    return x.head_stride == 0 ? 1 : heads;
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
    const std::size_t query_width = call.queries.width + call.queries_pe.width;
    const bool values_are_keys = call.values.data != nullptr && call.values.data == call.keys.data;
    const std::size_t numbers_of_key =
        stored_heads(call.keys, call.n_kv_heads) * call.keys.width +
        stored_heads(call.keys_pe, call.n_kv_heads) * call.keys_pe.width +
        (values_are_keys ? 0 : stored_heads(call.values, call.n_kv_heads) * call.values.width);

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
