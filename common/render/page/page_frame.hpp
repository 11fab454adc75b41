// The frame of every page: the head with styles and scripts, and the Content-Security-Policy that forbids all
// others.
#pragma once
#include <string>

// A whole page. `title` is text, `body` is HTML.
std::string page_frame(const std::string& title, const std::string& body);
