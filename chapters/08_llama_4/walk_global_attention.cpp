#include "chapters/08_llama_4/walk.hpp"

void ch8::walk_global_attention(Walkthrough&, const Setting&) {}
