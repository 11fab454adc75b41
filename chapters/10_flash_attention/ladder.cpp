#include "chapters/10_flash_attention/ladder.hpp"

#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/moved.hpp"

namespace ch10 {

const std::vector<RungStory>& prefill_ladder() {
    static const std::vector<RungStory> ladder = {
        {"0 lesson", "rung_0_lesson.cpp", "Nothing yet: this is chapter 5, with one thread.",
         "Keys and values are copied and repeated for each query head, and scores, masked, scaled and weights "
         "are matrices (H, T, S) of their own.",
         prefill_lesson, moved::by_lesson},
        {"1 no copies", "prefill_1_no_copies.cpp",
         "The copies. BLAS reads keys and values where they are, through strides, and query head h reads key "
         "head h / n_rep.",
         "The scores of a head are still a matrix (T, S), which grows with the square of the text.",
         prefill_no_copies, moved::by_whole_rows},
        {"2 tiles", "prefill_2_tiles.cpp",
         "That matrix. 64 queries meet 256 keys at a time with online softmax. The memory no longer grows with the "
         "text, and scores stay in the cache between the two products.",
         "Half of the tiles are masked entirely, and are computed for nothing.", prefill_tiles,
         moved::by_all_tiles},
        {"3 skip", "prefill_3_skip.cpp",
         "Masked tiles. A tile of queries begins at the first key that one of them sees and ends at the last.",
         "The query heads of a group read the same keys one after the other.", prefill_skip,
         moved::by_visible_tiles},
        {"4 groups", "prefill_4_groups.cpp",
         "Repeated reads. The heads of a group are rows of one product, so a tile of keys is read once for all of "
         "them.",
         "A single thread works.", prefill_groups, moved::by_groups},
        {"5 threads", "prefill_5_threads.cpp",
         "Idle cores. Each thread takes the next tile of queries, and BLAS uses one thread inside. Threads wait "
         "only once, at the end.",
         "std::exp takes one number at a time.", prefill_threads, moved::by_groups},
        {"6 vectors", "prefill_6_vectors.cpp",
         "The slow exp. A polynomial computes exp for all numbers of a vector at once.",
         "The two products, which BLAS computes near the limit of the processor.", prefill_vectors,
         moved::by_groups}};
    return ladder;
}

const std::vector<RungStory>& decode_ladder() {
    static const std::vector<RungStory> ladder = {
        {"0 lesson", "rung_0_lesson.cpp", "Nothing yet: this is chapter 5, with one thread.",
         "Keys and values are copied and repeated for each query head.", decode_lesson, moved::by_lesson},
        {"1 no copies", "decode_1_no_copies.cpp",
         "The copies. Keys and values are read where the cache has them, once for all queries of a group.",
         "A single thread reads them, and one core cannot read as fast as the memory delivers.",
         decode_no_copies, moved::by_whole_groups},
        {"2 split", "decode_2_split.cpp",
         "Idle cores. Each thread attends to parts of the keys, and the parts are merged as in section 10.2.",
         "BLAS copies keys into blocks before it multiplies, and the 4 queries of a group are few for that.",
         decode_split, moved::by_groups},
        {"3 kernel", "decode_3_kernel.cpp",
         "Copies inside BLAS. Products of our own keep 4 queries and 4 keys in vector registers, and all heads take "
         "the same tokens, so memory is read from front to back.",
         "Each key and value is read once, at the speed of the memory.", decode_kernel, moved::by_groups}};
    return ladder;
}

}  // namespace ch10
