#include "chapters/08_llama_4/walk.hpp"

void ch8::walk_model(Walkthrough&, const Setting&) {}
