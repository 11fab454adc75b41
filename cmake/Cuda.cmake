# Kernels for NVIDIA GPUs, where the CUDA Toolkit is installed. The emulator, which runs the same kernels on the CPU, needs
# nothing.
#   ATTN_KERNELS    whether there are programs with kernels (05_..._on_device): looking for CUDA takes three seconds
#   ATTN_HAS_CUDA   whether .cu files are compiled
option(ATTN_KERNELS "Programs with GPU kernels too, for --device" ON)
set(ATTN_CUDA auto CACHE STRING "auto: CUDA kernels if the toolkit is installed; on: it must be; off: without them")
set_property(CACHE ATTN_CUDA PROPERTY STRINGS auto on off)
set(ATTN_HAS_CUDA OFF)
if(NOT ATTN_KERNELS)
  return()
endif()

# Looks for a toolkit that works: nvcc from 11.8 on, which knows Hopper, and cuBLAS. Sets what is amiss, or ATTN_HAS_CUDA.
macro(attn_find_cuda amiss)
  # Installed toolkits are often not on the PATH. Through the environment, because a compiler that is set in CMake and does
  # not work is an error, and one that is found there is tried first.
  find_program(ATTN_NVCC nvcc PATHS ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda /opt/cuda PATH_SUFFIXES bin)
  if(ATTN_NVCC AND NOT DEFINED ENV{CUDACXX})
    set(ENV{CUDACXX} ${ATTN_NVCC})
  endif()
  set(nvcc $ENV{CUDACXX})
  if(CMAKE_CUDA_COMPILER)
    set(nvcc ${CMAKE_CUDA_COMPILER})
  endif()

  # A GPU of our own is not asked for, and a build machine may have none: code for Ampere's and Hopper's instructions, and PTX
  # that newer drivers finish. To be said before the language is enabled, which would choose by itself.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
  endif()
  set(nvcc_version "")
  if(nvcc)
    execute_process(COMMAND ${nvcc} --version OUTPUT_VARIABLE nvcc_version ERROR_QUIET)
    string(REGEX MATCH "release ([0-9.]+)" nvcc_version "${nvcc_version}")
    set(nvcc_version "${CMAKE_MATCH_1}")
  endif()
  if(nvcc_version AND nvcc_version VERSION_LESS 11.8)
    set(${amiss} "nvcc ${nvcc_version} is older than 11.8")
  elseif(nvcc_version AND CMAKE_BINARY_DIR MATCHES "['`,:|^]")
    # It hands paths to a shell and to make as they are.
    set(${amiss} "nvcc cannot compile in this folder, whose path has ${CMAKE_MATCH_0} in it")
  else()
    include(CheckLanguage)
    check_language(CUDA)
    set(${amiss} "nvcc was not found, or cannot compile with this C++ compiler")
    if(CMAKE_CUDA_COMPILER)
      enable_language(CUDA)
      set(CMAKE_CUDA_STANDARD 17)
      find_package(CUDAToolkit QUIET)
      set(${amiss} "nvcc is there, cuBLAS is not")
      if(TARGET CUDA::cublas)
        set(ATTN_HAS_CUDA ON)
      endif()
    endif()
  endif()
endmacro()

if(ATTN_CUDA)
  attn_find_cuda(amiss)
endif()
if(ATTN_HAS_CUDA)
  message(STATUS "CUDA kernels are built, for ${CMAKE_CUDA_ARCHITECTURES}")
elseif(NOT ATTN_CUDA)
  message(STATUS "CUDA is left out (ATTN_CUDA=${ATTN_CUDA}): --device emulated runs the kernels on the CPU")
elseif(ATTN_CUDA STREQUAL "auto")
  message(STATUS "CUDA is left out (${amiss}): --device emulated runs the kernels on the CPU")
else()
  message(FATAL_ERROR "ATTN_CUDA=${ATTN_CUDA}, but ${amiss}: install the CUDA Toolkit, name its compiler with "
    "-DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc, or set ATTN_CUDA to auto")
endif()
if(CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()
