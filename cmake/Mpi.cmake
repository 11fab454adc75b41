# With MPI each rank is a process (common/ranks). Without MPI the ranks take turns in one process; the results are the same.
#   attn_mpi      exists only where MPI does
#   ATTN_MPIRUN   the mpirun that belongs to it
set(ATTN_MPI auto CACHE STRING "auto: MPI if it is installed; on: it must be; off: without it")
set_property(CACHE ATTN_MPI PROPERTY STRINGS auto on off)

if(ATTN_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)  # the C++ bindings were removed from MPI long ago
  find_package(MPI COMPONENTS CXX QUIET)
endif()
if(ATTN_MPI AND MPI_CXX_FOUND AND MPIEXEC_EXECUTABLE)
  attn_dependency(attn_mpi MPI::MPI_CXX)
  set(ATTN_MPIRUN ${MPIEXEC_EXECUTABLE})
elseif(NOT ATTN_MPI)
  message(STATUS "MPI is left out (ATTN_MPI=${ATTN_MPI}), and with it the tests under mpirun")
elseif(ATTN_MPI STREQUAL "auto")
  message(STATUS "MPI is not installed: it is left out, and with it the tests under mpirun")
else()
  message(FATAL_ERROR "ATTN_MPI=${ATTN_MPI}, but there is no MPI: install libopenmpi-dev openmpi-bin, or set it to auto")
endif()
