// Given: what a model's config says about longer texts, with the values of Llama 3.1.
#pragma once

constexpr float pi = 3.14159265f;

struct Scaling {
    float factor = 8.0f;
    float low_freq_factor = 1.0f, high_freq_factor = 4.0f;
    float length = 8192.0f;  // the old length: that of the texts in training
};
