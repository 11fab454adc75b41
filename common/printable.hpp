// Foreign words on their way to a screen: names in files, file paths, what the reader types.
#pragma once
#include <string>
#include <string_view>

// `text` as one line of valid UTF-8 that no terminal takes for a command. Control characters (C0, DEL and C1),
// line and paragraph separators, the invisible characters that change the direction of writing, and bytes
// that are no UTF-8 each become a "?".
std::string printable(std::string_view text);
