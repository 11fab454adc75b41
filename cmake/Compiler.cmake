# The compiler options of this project's own code. All own targets link `attn_compiler`; dependencies do not.
option(ATTN_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(ATTN_FUZZ "Build the fuzzers of tests/fuzz, with clang and the sanitizers" OFF)

add_library(attn_compiler INTERFACE)
target_include_directories(attn_compiler INTERFACE ${CMAKE_SOURCE_DIR})
set(options -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  # a*b+c stays two roundings on every processor, as in the numbers we compare with
  -ffp-contract=off)

# g++ 12 to 14 see overruns in xtensor's and fmt's inlined headers where there are none.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND options -Wno-array-bounds -Wno-stringop-overflow)
endif()
target_compile_options(attn_compiler INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${options}>")

# Debug builds check every xtensor index and every shape.
target_compile_definitions(attn_compiler INTERFACE $<$<CONFIG:Debug>:XTENSOR_ENABLE_ASSERT>)

if(ATTN_SANITIZE OR ATTN_FUZZ)
  set(sanitizers -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_compile_options(attn_compiler INTERFACE ${sanitizers})
  target_link_options(attn_compiler INTERFACE ${sanitizers})
  target_compile_definitions(attn_compiler INTERFACE ATTN_ADDRESS_SANITIZER)
endif()
if(ATTN_SANITIZE)
  target_compile_options(attn_compiler INTERFACE -O1)
endif()

# All of our code reports to libFuzzer which of its branches an input has taken.
if(ATTN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "ATTN_FUZZ needs clang: use the preset fuzz, or -DCMAKE_CXX_COMPILER=clang++")
  endif()
  target_compile_options(attn_compiler INTERFACE -fsanitize=fuzzer-no-link)
endif()
