// The picture of a roofline for a page: an <svg> whose colours come from page.css, light or dark.
#pragma once
#include <string>

#include "common/document/step.hpp"

std::string roofline_svg(const Roofline& roofline);
