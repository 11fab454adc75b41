// What every page has around its content: the head with styles, scripts and the policy that forbids all else.
#pragma once
#include <string>

// A whole page. `title` is text, `body` is HTML.
std::string page_frame(const std::string& title, const std::string& body);
