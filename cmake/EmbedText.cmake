# attn_embed_text(target FILE header symbol): the text of FILE as `inline constexpr std::string_view symbol`,
# in a generated header, so that an executable carries its figures with it and runs from any folder.
# `symbol`_sha256 is the hash of the text, as a page's Content-Security-Policy names the scripts that may run.
function(attn_embed_text target file header symbol)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE origin)
  attn_sha256_base64(${file} hash)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${header} @ONLY CONTENT
"// Generated from @origin@ by cmake/EmbedText.cmake.
#pragma once
#include <string_view>
inline constexpr std::string_view @symbol@ = R\"embedded(@text@)embedded\";
inline constexpr std::string_view @symbol@_sha256 = \"@hash@\";
")
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated)
endfunction()

# The SHA-256 of `file` in base64: of its 64 hexadecimal digits every three make two characters; the last one
# makes one, and a "=" fills up.
function(attn_sha256_base64 file result)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  file(SHA256 ${file} digits)
  set(encoded "")
  foreach(start RANGE 0 60 3)
    string(SUBSTRING ${digits} ${start} 3 three)
    math(EXPR first "0x${three} >> 6")
    math(EXPR second "0x${three} & 63")
    foreach(place ${first} ${second})
      string(SUBSTRING ${alphabet} ${place} 1 character)
      string(APPEND encoded ${character})
    endforeach()
  endforeach()
  string(SUBSTRING ${digits} 63 1 last)
  math(EXPR place "0x${last} << 2")
  string(SUBSTRING ${alphabet} ${place} 1 character)
  set(${result} "${encoded}${character}=" PARENT_SCOPE)
endfunction()
