# attn_add_chapter(05_...)
#   library    05_..._idea        every .cpp of the folder but walk*.cpp: what the chapter teaches
#   executable 05_...             walk*.cpp: computes, then shows
# and where the chapter has a folder cuda/, unless ATTN_KERNELS is off:
#   library    05_..._kernels     the kernels, for the emulator and, where there is CUDA, for a GPU
#   executable 05_..._on_device   the same walk with the kernels: what --device needs
# and with ENGINE:
#   executable 05_..._with_flash  the same walk with chapter 10's attention: what --engine flash needs
# A chapter may use the chapters added before it and never a later one: that is the staircase.
add_custom_target(walk)
add_custom_target(walk_on_device)
add_custom_target(walk_with_flash)

function(attn_add_chapter name)
  cmake_parse_arguments(PARSE_ARGV 1 chapter ENGINE "" "")
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  get_property(earlier GLOBAL PROPERTY attn_chapters)

  file(GLOB idea CONFIGURE_DEPENDS ${folder}/*.cpp)
  file(GLOB walk CONFIGURE_DEPENDS ${folder}/walk*.cpp)
  list(REMOVE_ITEM idea ${walk})
  list(REMOVE_ITEM walk ${folder}/walk_on_device.cpp ${folder}/walk_without_kernels.cpp)
  add_library(${name}_idea STATIC ${idea})
  target_link_libraries(${name}_idea PUBLIC ${earlier} attn_common)
  # Each small file would parse all of xtensor again: together they parse it once.
  set_target_properties(${name}_idea PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  set_property(GLOBAL APPEND PROPERTY attn_chapters ${name}_idea)

  # walk.cpp only prints results, so it is compiled with -O1 to save build time.
  add_library(${name}_walk OBJECT ${walk})
  target_link_libraries(${name}_walk PUBLIC ${name}_idea attn_cli)
  target_compile_options(${name}_walk PUBLIC -O1)
  set_target_properties(${name}_walk PROPERTIES UNITY_BUILD ON)
  # Only the options of a chapter's own need CLI11, whose large templates run once.
  set_source_files_properties(${folder}/walk_options.cpp PROPERTIES COMPILE_OPTIONS -O0 SKIP_UNITY_BUILD_INCLUSION ON)

  if(EXISTS ${folder}/cuda)
    target_link_libraries(${name}_walk PUBLIC attn_device_options)
    add_executable(${name} ${folder}/walk_without_kernels.cpp)
    attn_add_kernels(${name})
  else()
    add_executable(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${name}_walk)
  add_dependencies(walk ${name})

  if(chapter_ENGINE)
    attn_add_engine(${name})
  endif()
endfunction()

# The programs without the engine, and the one with it.
function(attn_add_engine name)
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  target_link_libraries(${name} PRIVATE attn_without_engine)
  add_executable(${name}_with_flash)
  if(EXISTS ${folder}/walk_without_kernels.cpp)
    target_sources(${name}_with_flash PRIVATE ${folder}/walk_without_kernels.cpp)
    if(TARGET ${name}_on_device)
      target_link_libraries(${name}_on_device PRIVATE attn_without_engine)
    endif()
  endif()
  target_link_libraries(${name}_with_flash PRIVATE ${name}_walk 10_flash_attention_idea)
  add_dependencies(walk_with_flash ${name}_with_flash)
endfunction()

function(attn_add_kernels name)
  if(NOT ATTN_KERNELS)
    return()
  endif()
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  get_property(earlier GLOBAL PROPERTY attn_kernels)

  file(GLOB kernels CONFIGURE_DEPENDS ${folder}/cuda/*.cpp)
  if(ATTN_HAS_CUDA)
    file(GLOB for_gpu CONFIGURE_DEPENDS ${folder}/cuda/*.cu)
    list(REMOVE_ITEM kernels ${folder}/cuda/without_cuda.cpp)
    list(APPEND kernels ${for_gpu})
  endif()
  add_library(${name}_kernels STATIC ${kernels})
  target_link_libraries(${name}_kernels PUBLIC ${name}_idea ${earlier} attn_emulator)
  # Kernels count with int, as CUDA code does, where other code of ours would be warned.
  list(REMOVE_ITEM kernels ${folder}/cuda/layer_on_device.cpp)
  set_source_files_properties(${kernels} PROPERTIES COMPILE_OPTIONS $<$<COMPILE_LANGUAGE:CXX>:-Wno-sign-conversion>)
  set_property(GLOBAL APPEND PROPERTY attn_kernels ${name}_kernels)

  add_executable(${name}_on_device ${folder}/walk_on_device.cpp)
  target_link_libraries(${name}_on_device PRIVATE ${name}_walk ${name}_kernels)
  add_dependencies(walk_on_device ${name}_on_device)
endfunction()
