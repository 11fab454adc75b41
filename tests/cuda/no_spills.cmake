# What ptxas says of every kernel: registers, and what did not fit into them. A spill is a register that lives in slow memory:
# it makes no result wrong, so nothing else would notice it.
#   cmake -P tests/cuda/no_spills.cmake
#   -D NVCC=/path/to/nvcc        where it is not on the PATH
#   -D "ARCHITECTURES=80;90"     for which GPUs to compile
#   -D FLAGS=-Xptxas=-O1         more for nvcc, to see what changes
#   -D FILES=my_kernel.cu        instead of the chapters'
cmake_minimum_required(VERSION 3.25)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
cmake_path(GET root PARENT_PATH root)
find_program(NVCC nvcc PATHS /usr/local/cuda/bin REQUIRED)
find_program(CPPFILT c++filt)
if(NOT ARCHITECTURES)
  set(ARCHITECTURES 80 90)
endif()
if(NOT FILES)
  file(GLOB FILES ${root}/chapters/*/cuda/kernels.cu)
endif()
execute_process(COMMAND ${NVCC} --version OUTPUT_VARIABLE version)
string(REGEX MATCH "V[0-9.]+" version "${version}")

# ch5::on_gpu::flash_prefill<128, 128> of a mangled name, without its parameters.
function(readable mangled result)
  set(name ${mangled})
  if(CPPFILT)
    execute_process(COMMAND ${CPPFILT} ${mangled} OUTPUT_VARIABLE name OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REGEX REPLACE "\\(.*" "" name "${name}")
    string(REGEX REPLACE "^void |on_gpu::" "" name "${name}")
  endif()
  set(${result} "${name}" PARENT_SCOPE)
endfunction()

# One line of the table; adds to `spilling` in the caller.
function(judge mangled architecture registers stack stores loads)
  readable(${mangled} kernel)
  message("| ${kernel} | sm_${architecture} | ${registers} | ${stack} | ${stores} | ${loads} |")
  if(stores GREATER 0 OR loads GREATER 0)
    set(spilling ${spilling} "${kernel} (sm_${architecture})" PARENT_SCOPE)
  endif()
endfunction()

set(kernels_seen 0)
set(spilling "")
message("nvcc ${version}")
message("| kernel | for | registers | bytes of stack | spilled: stores | spilled: loads |")
message("|---|---|---|---|---|---|")
foreach(file ${FILES})
  foreach(architecture ${ARCHITECTURES})
    execute_process(
      COMMAND ${NVCC} -std=c++17 -I${root} -cubin -arch=sm_${architecture} -Xptxas -v ${FLAGS} -o /dev/null ${file}
      OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR "nvcc could not compile ${file} for sm_${architecture}:\n${said}")
    endif()
    # Four lines for a kernel: its name, its name again, its stack, its registers.
    string(REGEX MATCHALL "entry function '[^']+'[^\n]*\n[^\n]*\n[^\n]*spill loads\n[^\n]*Used [0-9]+ registers" reports "${said}")
    foreach(report IN LISTS reports)
      string(REGEX MATCH
        "entry function '([^']+)'.* ([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads.*Used ([0-9]+) registers"
        report "${report}")
      judge(${CMAKE_MATCH_1} ${architecture} ${CMAKE_MATCH_5} ${CMAKE_MATCH_2} ${CMAKE_MATCH_3} ${CMAKE_MATCH_4})
      math(EXPR kernels_seen "${kernels_seen} + 1")
    endforeach()
    # What is compiled and not understood must not pass for good.
    string(REGEX MATCHALL "Compiling entry function" compiled "${said}")
    list(LENGTH compiled compiled)
    list(LENGTH reports understood)
    if(NOT compiled EQUAL understood OR compiled EQUAL 0)
      message(FATAL_ERROR "${file}, sm_${architecture}: of ${compiled} kernels that ptxas compiled ${understood} reports could be read:\n${said}")
    endif()
  endforeach()
endforeach()

if(spilling)
  list(JOIN spilling ", " spilling)
  message(FATAL_ERROR "these kernels spill registers: ${spilling}")
endif()
message("${kernels_seen} kernels, none spills.")
