// How much memory the engine allocates during a prefill, beside inputs and output: the largest sum of live
// allocations. Prints one line of JSON for each number of tokens on the command line. BLAS has a buffer of
// its own for each thread, which it allocates once and without operator new; it is not counted.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "chapters/10_flash_attention/engine.hpp"
#include "common/parallel.hpp"

namespace {

std::atomic<std::size_t> live = 0, peak = 0;

// The size of an allocation is in front of it, at a distance that keeps every alignment up to 64.
constexpr std::size_t front = 64;

void* counted(std::size_t size) {
    char* memory = static_cast<char*>(std::aligned_alloc(front, (size + 2 * front - 1) / front * front));
    if (memory == nullptr) throw std::bad_alloc();
    *reinterpret_cast<std::size_t*>(memory) = size;
    const std::size_t now = live += size;
    std::size_t highest = peak;
    while (now > highest && !peak.compare_exchange_weak(highest, now)) {
    }
    return memory + front;
}

void uncounted(void* memory) {
    if (memory == nullptr) return;
    char* start = static_cast<char*>(memory) - front;
    live -= *reinterpret_cast<std::size_t*>(start);
    std::free(start);
}

std::size_t scratch_bytes(std::size_t tokens) {
    constexpr std::size_t n_heads = 32, n_kv_heads = 8, head_dim = 128;
    const Tensor4 queries = 0.1f * xt::ones<float>({std::size_t{1}, tokens, n_heads, head_dim}),
                  keys = 0.2f * xt::ones<float>({std::size_t{1}, tokens, n_kv_heads, head_dim});
    std::vector<float> output(queries.size());
    AttentionCall call;
    call.batch = 1;
    call.n_queries = call.n_keys = tokens;
    call.n_heads = n_heads;
    call.n_kv_heads = n_kv_heads;
    call.queries = queries;
    call.keys = call.values = keys;
    call.scale = 1.0f / std::sqrt(static_cast<float>(head_dim));

    const std::size_t before = live;
    peak = before;
    ch10::flash_attention(call, output.data());
    return peak - before;
}

}  // namespace

void* operator new(std::size_t size) {
    return counted(size);
}
void* operator new(std::size_t size, std::align_val_t) {
    return counted(size);
}
void operator delete(void* memory) noexcept {
    uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    uncounted(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    uncounted(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    uncounted(memory);
}

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::size_t tokens = std::stoul(argv[i]);
        fmt::print("{{\"tokens\": {}, \"threads\": {}, \"bytes\": {}}}\n", tokens, default_threads(),
                   scratch_bytes(tokens));
    }
}
