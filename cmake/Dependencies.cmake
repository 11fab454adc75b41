# Every dependency: an installed package first, a pinned download second.
#   attn_xtensor   xtensor, xtensor-blas and a BLAS     attn_fmt   fmt
#   attn_json      nlohmann_json                        attn_cli   CLI11
#   attn_zip       libzip                               attn_catch2 Catch2 v2 or v3, with its main
#   attn_simd      Highway: vector instructions, chosen at run time
#   attn_threads   OpenMP if the compiler has it, else std::thread
include(FetchContent)
set(ATTN_FETCH auto CACHE STRING "auto: installed packages first; always: pinned downloads; never: installed only")
set_property(CACHE ATTN_FETCH PROPERTY STRINGS auto always never)

if(ATTN_FETCH STREQUAL "always")
  set(FETCHCONTENT_TRY_FIND_PACKAGE_MODE NEVER)
elseif(ATTN_FETCH STREQUAL "never")
  set(FETCHCONTENT_FULLY_DISCONNECTED ON)
endif()

# Packages whose own CMake files are sufficient.
FetchContent_Declare(fmt GIT_REPOSITORY https://github.com/fmtlib/fmt.git GIT_TAG 11.1.1
  GIT_SHALLOW ON FIND_PACKAGE_ARGS 8)
FetchContent_Declare(nlohmann_json GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.3
  GIT_SHALLOW ON FIND_PACKAGE_ARGS 3.10)
FetchContent_Declare(CLI11 GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git GIT_TAG v2.4.1
  GIT_SHALLOW ON FIND_PACKAGE_ARGS 2.1)
FetchContent_MakeAvailable(fmt nlohmann_json CLI11)

# Headers of dependencies are system headers, so that the compiler does not warn about them.
function(attn_dependency name target)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${target})
  get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(includes)
    target_include_directories(${name} SYSTEM INTERFACE ${includes})
  endif()
endfunction()
attn_dependency(attn_fmt fmt::fmt)
attn_dependency(attn_json nlohmann_json::nlohmann_json)
attn_dependency(attn_cli CLI11::CLI11)

if(NOT DEFINED BUILD_TESTING OR BUILD_TESTING)
  FetchContent_Declare(Catch2 GIT_REPOSITORY https://github.com/catchorg/Catch2.git GIT_TAG v3.7.1
  GIT_SHALLOW ON FIND_PACKAGE_ARGS)
  FetchContent_MakeAvailable(Catch2)
  attn_dependency(attn_catch2 Catch2::Catch2WithMain)
  if(catch2_SOURCE_DIR)
    list(APPEND CMAKE_MODULE_PATH ${catch2_SOURCE_DIR}/extras)
  endif()
endif()

# libzip: Debian 12's own CMake files ask for programs that are in another package, so the library is looked for.
add_library(attn_zip INTERFACE)
if(NOT ATTN_FETCH STREQUAL "always")
  find_library(ZIP_LIBRARY zip)
  find_path(ZIP_INCLUDE_DIR zip.h)
endif()
if(ZIP_LIBRARY AND ZIP_INCLUDE_DIR)
  target_link_libraries(attn_zip INTERFACE ${ZIP_LIBRARY})
  target_include_directories(attn_zip SYSTEM INTERFACE ${ZIP_INCLUDE_DIR})
else()
  block()
    foreach(part BUILD_TOOLS BUILD_REGRESS BUILD_OSSFUZZ BUILD_EXAMPLES BUILD_DOC BUILD_SHARED_LIBS ENABLE_BZIP2
        ENABLE_LZMA ENABLE_ZSTD ENABLE_OPENSSL ENABLE_GNUTLS ENABLE_MBEDTLS ENABLE_COMMONCRYPTO LIBZIP_DO_INSTALL)
      set(${part} OFF)
    endforeach()
    set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # its options are what is set here
    FetchContent_Declare(libzip GIT_REPOSITORY https://github.com/nih-at/libzip.git GIT_TAG v1.11.2 GIT_SHALLOW ON)
    FetchContent_MakeAvailable(libzip)
  endblock()
  attn_dependency(attn_zip_download zip)
  target_link_libraries(attn_zip INTERFACE attn_zip_download)
endif()

# Highway, whose own build would add its tests and examples.
block()
  foreach(part HWY_ENABLE_CONTRIB HWY_ENABLE_EXAMPLES HWY_ENABLE_INSTALL HWY_ENABLE_TESTS BUILD_TESTING)
    set(${part} OFF)
  endforeach()
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # its options are what is set here
  FetchContent_Declare(hwy GIT_REPOSITORY https://github.com/google/highway.git GIT_TAG 1.2.0
    GIT_SHALLOW ON FIND_PACKAGE_ARGS CONFIG)
  FetchContent_MakeAvailable(hwy)
endblock()
if(TARGET hwy::hwy)
  attn_dependency(attn_simd hwy::hwy)
else()
  attn_dependency(attn_simd hwy)
endif()

# xtensor: newer releases ask for a newer CMake than Debian 12 has, so a download is used as headers only.
add_library(attn_xtensor INTERFACE)
if(NOT ATTN_FETCH STREQUAL "always")
  find_package(xtensor CONFIG QUIET)
  find_path(XTENSOR_BLAS_INCLUDE_DIR xtensor-blas/xlinalg.hpp)
endif()
if(xtensor_FOUND AND XTENSOR_BLAS_INCLUDE_DIR)
  target_link_libraries(attn_xtensor INTERFACE xtensor)
  target_include_directories(attn_xtensor SYSTEM INTERFACE ${XTENSOR_BLAS_INCLUDE_DIR})
else()
  FetchContent_Declare(xtl SOURCE_SUBDIR none
    GIT_REPOSITORY https://github.com/xtensor-stack/xtl.git GIT_TAG 0.8.2 GIT_SHALLOW ON)
  FetchContent_Declare(xtensor SOURCE_SUBDIR none
    GIT_REPOSITORY https://github.com/xtensor-stack/xtensor.git GIT_TAG 0.27.1 GIT_SHALLOW ON)
  FetchContent_Declare(xtensor-blas SOURCE_SUBDIR none
    GIT_REPOSITORY https://github.com/xtensor-stack/xtensor-blas.git GIT_TAG 0.23.0 GIT_SHALLOW ON)
  FetchContent_MakeAvailable(xtl xtensor xtensor-blas)
  target_include_directories(attn_xtensor SYSTEM INTERFACE
    ${xtl_SOURCE_DIR}/include ${xtensor_SOURCE_DIR}/include ${xtensor-blas_SOURCE_DIR}/include)
endif()

# A BLAS with the C interface: OpenBLAS if it is installed, else one that FindBLAS finds (Accelerate, MKL, BLIS).
set(BLA_VENDOR OpenBLAS)
find_package(BLAS QUIET)
if(NOT BLAS_FOUND)
  unset(BLA_VENDOR)
  find_package(BLAS REQUIRED)
endif()
target_link_libraries(attn_xtensor INTERFACE BLAS::BLAS)

# OpenBLAS can be told how many threads to use. Code that calls it from threads of its own has to.
include(CheckFunctionExists)
set(CMAKE_REQUIRED_LIBRARIES BLAS::BLAS)
check_function_exists(openblas_set_num_threads ATTN_OPENBLAS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(ATTN_OPENBLAS)
  target_compile_definitions(attn_xtensor INTERFACE ATTN_OPENBLAS)
endif()

option(ATTN_OPENMP "Use OpenMP where the compiler has it; OFF: std::thread, which ThreadSanitizer understands" ON)
find_package(Threads REQUIRED)
if(ATTN_OPENMP)
  find_package(OpenMP QUIET COMPONENTS CXX)
endif()
add_library(attn_threads INTERFACE)
target_link_libraries(attn_threads INTERFACE Threads::Threads $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_CXX>)
