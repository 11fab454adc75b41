# attn_add_chapter(03_causal_mask_and_dropout)
#   library    03_..._idea   every .cpp of the folder but walk*.cpp: what the chapter teaches
#                            and of its folder cuda/: the kernels, for the emulator and, where there is CUDA, for a GPU
#   executable 03_...        walk*.cpp: computes, then shows
# A chapter may use the chapters added before it and never a later one: that is the staircase.
add_custom_target(walk)

function(attn_add_chapter name)
  get_property(earlier GLOBAL PROPERTY attn_chapters)

  file(GLOB idea CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  file(GLOB walk CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/walk*.cpp)
  list(REMOVE_ITEM idea ${walk})
  add_library(${name}_idea STATIC ${idea})
  target_link_libraries(${name}_idea PUBLIC ${earlier} attn_emulator)
  attn_add_kernels(${name})
  # Each small file would parse all of xtensor again: together they parse it once.
  set_target_properties(${name}_idea PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)

  add_executable(${name} ${walk})
  target_link_libraries(${name} PRIVATE ${name}_idea)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON)
  # A walk tells what the library computes: little is gained by optimising it, and a second of building lost.
  target_compile_options(${name} PRIVATE -O1)
  add_dependencies(walk ${name})
  set_property(GLOBAL APPEND PROPERTY attn_chapters ${name}_idea)
endfunction()

# Kernels count with int, as CUDA code does, where other code of ours would be warned.
function(attn_add_kernels name)
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name}/cuda)
  file(GLOB kernels CONFIGURE_DEPENDS ${folder}/*.cpp)
  list(REMOVE_ITEM kernels ${folder}/without_cuda.cpp)
  set(with_kernels ${kernels})
  list(REMOVE_ITEM with_kernels ${folder}/layer_on_device.cpp)  # xtensor and no kernels: parsed with the others
  set_source_files_properties(${with_kernels} PROPERTIES COMPILE_OPTIONS -Wno-sign-conversion SKIP_UNITY_BUILD_INCLUSION ON)
  if(ATTN_HAS_CUDA)
    file(GLOB for_gpu CONFIGURE_DEPENDS ${folder}/*.cu)
  else()
    file(GLOB for_gpu CONFIGURE_DEPENDS ${folder}/without_cuda.cpp)
  endif()
  target_sources(${name}_idea PRIVATE ${kernels} ${for_gpu})
endfunction()
