# attn_embed_text(target FILE header symbol): the text of FILE as `inline constexpr std::string_view symbol`,
# in a generated header, so that an executable carries its figures with it and runs from any folder.
function(attn_embed_text target file header symbol)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${header} @ONLY CONTENT
"// Generated from data/ by cmake/EmbedText.cmake.
#pragma once
#include <string_view>
inline constexpr std::string_view @symbol@ = R\"embedded(@text@)embedded\";
")
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated)
endfunction()
