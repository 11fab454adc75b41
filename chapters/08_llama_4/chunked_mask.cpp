#include "chapters/08_llama_4/chunked_mask.hpp"

#include "chapters/05_grouped_query_attention/attention.hpp"

namespace ch8 {

ch3::MaskMatrix chunked_mask(std::size_t tokens, std::size_t start_pos, std::size_t chunk) {
    ch3::MaskMatrix mask = ch5::future_mask(tokens, start_pos);
    for (std::size_t i = 0; i < tokens; ++i) {
        const std::size_t first_of_chunk = (start_pos + i) / chunk * chunk;
        for (std::size_t j = 0; j < first_of_chunk; ++j) mask(i, j) = true;
    }
    return mask;
}

}  // namespace ch8
