# LibTorch as imported targets of our own. find_package(Torch) is not used: on a CUDA wheel it fails without nvcc and takes
# ten seconds with it; this takes none.
#
#   LibTorch::cpu                libtorch_cpu and libc10, headers included
#   TORCHTALLY_TORCH_VERSION     as its version.h says, for example 2.11.0
#   TORCHTALLY_TORCH_LIB         the folder of its libraries
#   TORCHTALLY_TORCH_CXX_STANDARD  what its headers need: 17, or 20 from 2.14 on
#   libtorch_rpath(TARGET)       lets an executable find LibTorch from where it is built and where it is installed

# Where tools/setup puts it, the one that .ci/run gates on first.
set(_torch_hints ${PROJECT_SOURCE_DIR}/.deps/libtorch-2.11.0/torch ${PROJECT_SOURCE_DIR}/.deps/libtorch-2.15.0/torch)
if(TORCHTALLY_TORCH_DIR)   # who names one wants that one or an error, not another
  set(_torch_hints ${TORCHTALLY_TORCH_DIR})
else()
  list(PREPEND _torch_hints $ENV{TORCHTALLY_TORCH_DIR})
endif()
unset(_torch_dir)
foreach(_hint IN LISTS _torch_hints)
  cmake_path(ABSOLUTE_PATH _hint BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(EXISTS ${_hint}/lib/libtorch_cpu.so AND EXISTS ${_hint}/include/caffe2/serialize/inline_container.h)
    file(REAL_PATH ${_hint} _torch_dir)
    break()
  endif()
endforeach()
if(NOT _torch_dir)
  message(FATAL_ERROR "LibTorch not found. Run tools/setup, or point at one with -DTORCHTALLY_TORCH_DIR=DIR "
    "(the folder that holds include/ and lib/; with a wheel: site-packages/torch). Looked in: ${_torch_hints}")
endif()

set(_version_h ${_torch_dir}/include/torch/headeronly/version.h)
if(NOT EXISTS ${_version_h})
  set(_version_h ${_torch_dir}/include/torch/csrc/api/include/torch/version.h)
endif()
file(STRINGS ${_version_h} _version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9;]" "" _version_parts "${_version_lines}")
string(REPLACE ";" "." TORCHTALLY_TORCH_VERSION "${_version_parts}")
set(TORCHTALLY_TORCH_LIB ${_torch_dir}/lib)
message(STATUS "LibTorch ${TORCHTALLY_TORCH_VERSION} in ${_torch_dir}")

if(TORCHTALLY_TORCH_VERSION VERSION_LESS 2.11)
  message(FATAL_ERROR "LibTorch ${TORCHTALLY_TORCH_VERSION} is too old: 2.11.0 or newer is needed")
endif()
set(TORCHTALLY_TORCH_CXX_STANDARD 17)
if(TORCHTALLY_TORCH_VERSION VERSION_GREATER_EQUAL 2.14)
  set(TORCHTALLY_TORCH_CXX_STANDARD 20)
endif()

add_library(LibTorch::cpu INTERFACE IMPORTED)
# -idirafter, not -I or -isystem: the wheel's include/fmt must not come before the system's, which spdlog was built with.
# NDEBUG always: ATen/record_function.h has a member only without it, and the wheel was built with it.
target_compile_options(LibTorch::cpu INTERFACE
  "SHELL:-idirafter ${_torch_dir}/include" "SHELL:-idirafter ${_torch_dir}/include/torch/csrc/api/include")
target_compile_definitions(LibTorch::cpu INTERFACE NDEBUG)
# --no-as-needed: operators register themselves when libtorch_cpu is loaded; nothing need refer to it by a symbol.
target_link_libraries(LibTorch::cpu INTERFACE
  -Wl,--push-state,--no-as-needed ${TORCHTALLY_TORCH_LIB}/libtorch_cpu.so ${TORCHTALLY_TORCH_LIB}/libc10.so
  -Wl,--pop-state -Wl,--allow-shlib-undefined ${CMAKE_DL_LIBS})

# libtorch_rpath(TARGET): TARGET is an executable that links LibTorch. A LibTorch inside the source tree is found relative to
# the executable, so that a tree that was moved with its build folder still works; another one by its absolute path, as
# CMake does by itself. Installed executables have the absolute path: `cmake --install` does not copy LibTorch.
function(libtorch_rpath target)
  get_target_property(_bin ${target} RUNTIME_OUTPUT_DIRECTORY)
  cmake_path(IS_PREFIX PROJECT_SOURCE_DIR ${TORCHTALLY_TORCH_LIB} NORMALIZE _torch_inside)
  cmake_path(IS_PREFIX PROJECT_SOURCE_DIR ${_bin} NORMALIZE _bin_inside)
  if(_torch_inside AND _bin_inside)
    cmake_path(RELATIVE_PATH TORCHTALLY_TORCH_LIB BASE_DIRECTORY ${_bin} OUTPUT_VARIABLE _relative)
    set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN/${_relative}")
  endif()
  set_target_properties(${target} PROPERTIES INSTALL_RPATH ${TORCHTALLY_TORCH_LIB})
endfunction()
