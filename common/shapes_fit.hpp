// Refuses shapes that do not fit together: the message names both.
#pragma once
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "common/any_tensor.hpp"

template <class T>
std::string shape_text(const T& x) {
    return to_string(Shape(x.shape().begin(), x.shape().end()));
}

template <class A, class B>
void require_fit(bool fits, const char* operation, const A& a, const B& b) {
    if (fits) return;
    throw std::invalid_argument(
        fmt::format("{}: the shapes {} and {} do not fit together", operation, shape_text(a), shape_text(b)));
}
