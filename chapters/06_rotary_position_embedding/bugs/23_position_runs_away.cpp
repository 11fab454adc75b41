// Bug 23: without the cache every call passes the whole text, and the position still grows.
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_23 {

// How many tokens call number `call` passes: the prompt, then one token, or the whole text again.
std::size_t passed(std::size_t prompt, std::size_t call, bool cache_is_on) {
    return call > 0 && cache_is_on ? 1 : prompt + call;
}

// The position of the first token of each call: (calls)
Vector shipped(std::size_t prompt, std::size_t calls, bool cache_is_on) {
    Vector positions = xt::zeros<float>({calls});
    std::size_t position = 0;
    for (std::size_t call = 0; call < calls; ++call) {
        positions(call) = static_cast<float>(position);
        position += passed(prompt, call, cache_is_on);
    }
    return positions;
}

Vector repaired(std::size_t prompt, std::size_t calls, bool cache_is_on) {
    Vector positions = xt::zeros<float>({calls});
    std::size_t position = 0;
    for (std::size_t call = 0; call < calls; ++call) {
        positions(call) = static_cast<float>(position);
        if (cache_is_on) position += passed(prompt, call, cache_is_on);
    }
    return positions;
}

bug::Bug tell() {
    const auto fixture = [](const std::string& title, const std::string& why,
                            bool cache_is_on) -> bug::Fixture {
        return {title, why, {}, shipped(4, 4, cache_is_on), repaired(4, 4, cache_is_on)};
    };
    return {
        .title = "A position that runs away without the cache",
        .threads = {"huggingface/candle#1517"},
        .story =
            "An example could switch the KV cache off. Then each call passes the whole text again, and its first "
            "token is at position 0. The example still added the number of passed tokens to the position. All "
            "tokens of a call are shifted alike, so the scores inside the call are right. The positions soon "
            "pass the end of the table of rotations.",
        .letters = "4 tokens in the prompt, one new token with each call",
        .result = "position of each call's first token",
        .axes = {"calls"},
        .friendly =
            fixture("the cache is on", "Each later call passes one token, and it is the next one.", true),
        .unfriendly =
            fixture("the cache is off", "Each call passes the text from its first token on.", false)};
}

}  // namespace bug_23
