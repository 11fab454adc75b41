#include "chapters/01_simplified_self_attention/sentence_file.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "common/files/tensor_file.hpp"

namespace ch1 {

Sentence sentence_of(const OwnFiles& own) {
    Sentence sentence = your_journey();
    if (own.input) {
        const AnyTensor x = open_tensor_file(*own.input)->read("x");
        std::optional<Matrix> rows = float_tensor<2>(x);
        if (const std::optional<Tensor3> batch = float_tensor<3>(x); batch && batch->shape(0) == 1) {
            rows = torch::select(*batch, 0);
        }
        if (!rows || rows->size() == 0) {
            throw std::invalid_argument(fmt::format("{}: x is {}, expected floats of shape (T, d_in)",
                                                    *own.input, to_string(x.shape)));
        }
        sentence.embeddings = *rows;
        sentence.words.clear();
        for (std::size_t i = 0; i < sentence.embeddings.shape(0); ++i)
            sentence.words.push_back(std::to_string(i));
    }
    if (!own.tokens.empty()) sentence.words = own.tokens;
    if (sentence.words.size() != sentence.embeddings.shape(0)) {
        throw std::invalid_argument(fmt::format("--tokens has {} words, the input {} tokens",
                                                sentence.words.size(), sentence.embeddings.shape(0)));
    }
    return sentence;
}

}  // namespace ch1
