# The exercises: every folder chapters/NN_name/exercises/M_name/.
#   exercise         the program behind ./walk exercise and ./walk grade
#   exercise_answer  the student's program with no answer in it. Its build records how a student's file is compiled and
#                    linked, in exercises/compile.txt and exercises/link.txt of the build folder; `exercise` repeats it
#   exercise_3_1     what exercise 3.1 needs: the program exercises/3.1/check, and exercises/3.1/objects.txt
#   exercises        all of them; a build of everything leaves them to the tests, which need them
set(ATTN_EXERCISES ${CMAKE_BINARY_DIR}/exercises)
file(MAKE_DIRECTORY ${ATTN_EXERCISES})
get_property(all_chapters GLOBAL PROPERTY attn_chapters)

# A student's file: every index is checked, and xtensor is parsed once for all files. Of this project's own options it
# gets those that change numbers, and of the warnings those that help a beginner. One error is enough to read.
function(attn_compile_as_student target)
  target_link_libraries(${target} PRIVATE attn_xtensor attn_fmt)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE XTENSOR_ENABLE_ASSERT)
  target_compile_options(${target} PRIVATE
    "$<FILTER:$<TARGET_PROPERTY:attn_compiler,INTERFACE_COMPILE_OPTIONS>,EXCLUDE,^-W>"
    -O1 -Wall -Wno-sign-compare -Werror=return-type -fdiagnostics-color=never
    $<$<CXX_COMPILER_ID:GNU>:-fmax-errors=1;-ftemplate-backtrace-limit=2;-fpch-preprocess;-Wno-array-bounds;-Wno-stringop-overflow>
    $<$<CXX_COMPILER_ID:Clang,AppleClang>:-ferror-limit=1;-ftemplate-backtrace-limit=2>)
endfunction()

add_library(exercise_student_file OBJECT ${CMAKE_SOURCE_DIR}/common/exercise/empty_answer.cpp)
attn_compile_as_student(exercise_student_file)
target_precompile_headers(exercise_student_file PRIVATE
  <algorithm> <cmath> <limits> <vector>
  ${CMAKE_SOURCE_DIR}/common/tensor.hpp ${CMAKE_SOURCE_DIR}/common/exercise/missing.hpp)
set_target_properties(exercise_student_file PROPERTIES
  COMPILE_WARNING_AS_ERROR OFF
  CXX_COMPILER_LAUNCHER ""  # a cache never sees an answer twice
  RULE_LAUNCH_COMPILE
    "${CMAKE_SOURCE_DIR}/cmake/record_command.sh ${ATTN_EXERCISES}/compile.txt empty_answer.cpp")

add_executable(exercise_answer
  ${CMAKE_SOURCE_DIR}/common/exercise/answer_main.cpp ${CMAKE_SOURCE_DIR}/common/exercise/sandbox.cpp)
target_link_libraries(exercise_answer PRIVATE exercise_student_file ${all_chapters} attn_exercise)
set_property(TARGET exercise_answer PROPERTY RUNTIME_OUTPUT_DIRECTORY ${ATTN_EXERCISES})
set_property(TARGET exercise_answer PROPERTY RULE_LAUNCH_LINK
  "${CMAKE_SOURCE_DIR}/cmake/record_command.sh ${ATTN_EXERCISES}/link.txt empty_answer.cpp")

# The check's main function, and the header that every check includes.
add_library(exercise_check_main OBJECT ${CMAKE_SOURCE_DIR}/common/exercise/check_main.cpp)
target_link_libraries(exercise_check_main PRIVATE ${all_chapters} attn_exercise)
target_compile_options(exercise_check_main PRIVATE -O0)
target_precompile_headers(exercise_check_main PRIVATE
  <string> <vector> ${CMAKE_SOURCE_DIR}/common/tensor.hpp ${CMAKE_SOURCE_DIR}/common/exercise/check.hpp)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # ccache asks for it
  target_compile_options(exercise_check_main PRIVATE -fpch-preprocess)
endif()

add_executable(exercise ${CMAKE_SOURCE_DIR}/common/exercise/exercise_main.cpp)
target_link_libraries(exercise PRIVATE attn_exercise attn_cli)
target_compile_options(exercise PRIVATE -O0)
target_include_directories(exercise PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(exercise PRIVATE
  CHECKOUT="${CMAKE_SOURCE_DIR}" EXERCISES="${ATTN_EXERCISES}" PROGRAMS="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")

add_custom_target(exercises)
add_custom_target(exercise_programs DEPENDS exercise exercise_answer)

function(attn_add_exercise folder chapter number)
  set(name exercise_${chapter}_${number})
  file(GLOB skeleton CONFIGURE_DEPENDS ${folder}/*.cpp)
  list(REMOVE_ITEM skeleton ${folder}/check.cpp)
  add_custom_target(${name} DEPENDS exercise_programs)
  add_dependencies(exercises ${name})
  set_property(GLOBAL APPEND PROPERTY attn_exercises ${chapter}.${number})
  if(NOT EXISTS ${folder}/check.cpp)  # a notebook, which the chapter compares
    cmake_path(GET folder PARENT_PATH exercises_of_chapter)
    cmake_path(GET exercises_of_chapter PARENT_PATH chapter_folder)
    cmake_path(GET chapter_folder FILENAME program)
    add_dependencies(${name} ${program})
    return()
  endif()

  add_library(${name}_check OBJECT EXCLUDE_FROM_ALL ${folder}/check.cpp)
  target_link_libraries(${name}_check PRIVATE ${all_chapters} attn_exercise)
  target_compile_options(${name}_check PRIVATE $<TARGET_PROPERTY:exercise_check_main,COMPILE_OPTIONS>)
  target_precompile_headers(${name}_check REUSE_FROM exercise_check_main)

  # The check is linked with the skeleton, whose functions it never calls.
  add_executable(${name}_program EXCLUDE_FROM_ALL)
  target_link_libraries(${name}_program PRIVATE exercise_check_main ${name}_check ${all_chapters} attn_exercise)
  if(skeleton)
    add_library(${name}_skeleton OBJECT EXCLUDE_FROM_ALL ${skeleton})
    attn_compile_as_student(${name}_skeleton)
    target_precompile_headers(${name}_skeleton REUSE_FROM exercise_student_file)
    target_link_libraries(${name}_program PRIVATE ${name}_skeleton)
  endif()
  set_target_properties(${name}_program PROPERTIES
    OUTPUT_NAME check RUNTIME_OUTPUT_DIRECTORY ${ATTN_EXERCISES}/${chapter}.${number})
  add_dependencies(${name} ${name}_program)
  file(GENERATE OUTPUT ${ATTN_EXERCISES}/${chapter}.${number}/objects.txt
    CONTENT "$<JOIN:$<TARGET_OBJECTS:${name}_check>,\n>\n")
endfunction()

file(GLOB folders CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/chapters/[0-9]*/exercises/[0-9]*)
foreach(folder ${folders})
  string(REGEX MATCH "/chapters/0*([0-9]+)_[^/]*/exercises/([0-9]+)_" matched ${folder})
  attn_add_exercise(${folder} ${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()
