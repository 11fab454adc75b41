// What a call says when it refuses its arguments.
#pragma once
#include <functional>
#include <stdexcept>
#include <string>

inline std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "nothing was thrown";
}
