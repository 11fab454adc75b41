#include "chapters/08_llama_4/walk.hpp"

void ch8::walk_words_and_local_attention(Walkthrough&, const Setting&) {}
