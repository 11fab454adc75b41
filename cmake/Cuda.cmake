# Kernels for NVIDIA GPUs, where the CUDA Toolkit is installed. The emulator, which runs the same kernels on the CPU, is
# always built.
#   ATTN_HAS_CUDA   whether .cu files are compiled
set(ATTN_CUDA auto CACHE STRING "auto: CUDA kernels if the toolkit is installed; on: it must be; off: without them")
set_property(CACHE ATTN_CUDA PROPERTY STRINGS auto on off)
set(ATTN_HAS_CUDA OFF)

if(ATTN_CUDA)
  # A GPU of our own is not asked for, and a build machine may have none: code for Ampere's and Hopper's instructions, and PTX
  # that newer drivers finish. To be said before the language is enabled, which would choose by itself.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    set(CMAKE_CUDA_STANDARD 17)
    find_package(CUDAToolkit QUIET)
    if(TARGET CUDA::cublas)
      set(ATTN_HAS_CUDA ON)
    endif()
  endif()
endif()

if(ATTN_HAS_CUDA)
  message(STATUS "CUDA kernels are built, for ${CMAKE_CUDA_ARCHITECTURES}")
elseif(NOT ATTN_CUDA)
  message(STATUS "CUDA is left out (ATTN_CUDA=${ATTN_CUDA}): --device emulated runs the kernels on the CPU")
elseif(ATTN_CUDA STREQUAL "auto")
  message(STATUS "The CUDA Toolkit is not installed (nvcc and cuBLAS), or does not work: --device emulated runs the kernels on the CPU")
else()
  message(FATAL_ERROR "ATTN_CUDA=${ATTN_CUDA}, but there is no working nvcc with cuBLAS: install the CUDA Toolkit, name its compiler "
    "with -DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc, or set ATTN_CUDA to auto")
endif()
if(CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()
