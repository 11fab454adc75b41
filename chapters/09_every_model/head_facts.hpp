// What a head does on a sentence, in a few numbers. T = tokens
#pragma once
#include <string>
#include <vector>

#include "common/tensor.hpp"

namespace ch9 {

// The attention weight that a query puts on some keys, averaged over the queries that have such keys. A key
// can count in several columns: the first token is also the previous token of the second one.
struct HeadFacts {
    float previous;   // the token before the query
    float next;       // the token after it
    float itself;     // the query's own token
    float same_word;  // other tokens with the query's word; NaN if no word repeats
    float first;      // the first token: [CLS] in BERT
    float last;       // the last token: [SEP] in BERT
    float entropy;    // of a query's weights, in bits: 0 for a single key, log2(T) for equal weights
};

// attn_weights (T, T): row i has the weights of query i. words has T words.
HeadFacts head_facts(const Matrix& attn_weights, const std::vector<std::string>& words);

}  // namespace ch9
