// What ./walk bench times: functions of the chapters at the sizes of real models.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/bench/roofs.hpp"
#include "common/bench/timing.hpp"
#include "common/tensor.hpp"

namespace ch10::bench_program {

struct Case {
    std::string name;  // at most 14 columns: a row of the table has 80
    bench::Work work;
    std::function<void()> run;
    // Where `run` writes its result, and the name of the case that must give the same numbers. Empty: the
    // tests compare this function.
    const std::vector<float>* result = nullptr;
    std::string oracle = {};
};

// Cases that are timed in turn. `make` allocates and fills what they need; it lives as long as the cases.
struct Group {
    std::string title, text;
    bool is_ladder = false;  // the cases do the same work; the first is the lesson
    std::function<std::vector<Case>()> make = {};
};

struct Sizes {
    // The layers of chapters 1 to 9.
    std::size_t gpt2_width = 768, gpt2_heads = 12, tokens = 512, context = 4096;
    std::size_t head_dim = 128, n_kv_heads = 8, n_rep = 4, dim = 4096;
    std::size_t latent = 512, rope = 64, latent_heads = 16, latent_dim = 2048;
    // The ladders.
    std::size_t prefill = 1024, decode = 8192, latent_decode = 8192;
};
// A check that all works: every figure is too small to say something about speed.
Sizes quick_sizes();

// Chapters 1 to 9: the lessons as they are.
std::vector<Group> lessons(const Sizes& sizes);
// Chapter 10: the steps of its ladders.
std::vector<Group> ladders(const Sizes& sizes, std::size_t threads);

}  // namespace ch10::bench_program
