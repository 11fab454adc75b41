#include "common/bug/gallery.hpp"

namespace bug {

const std::vector<LeftOut>& left_out() {
    static const std::vector<LeftOut> bugs = {
        {9, "A negative window means everything", "proger/hippogriff#7",
         "only the model's quality showed it, so no pair of fixtures is known"},
        {13, "Heads repeated on the wrong side of the cache", "facebookresearch/lingua#44",
         "in this program it is an error and not a wrong tensor: the cache has no room for repeated heads"},
        {24, "Dropout differs on two computers", "rasbt/LLMs-from-scratch, cell 22",
         "it is no bug: builds of PyTorch draw dropout with different generators, as ./walk 3 --dropout-rng "
         "generic shows"}};
    return bugs;
}

}  // namespace bug
