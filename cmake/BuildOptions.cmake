# What every target of this project has in common.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
if(NOT DEFINED CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD ${TORCHTALLY_TORCH_CXX_STANDARD})   # what the LibTorch found needs
  if(NOT CMAKE_CXX_STANDARD)
    set(CMAKE_CXX_STANDARD 17)
  endif()
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(tally_options INTERFACE)
target_include_directories(tally_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(tally_options INTERFACE cxx_std_17)   # for programs that link the installed library as well
add_library(tally_warnings INTERFACE)
target_compile_options(tally_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # As C++20, GCC 12 sees overlapping copies in "text" + std::string (its bug 105651).
  target_compile_options(tally_warnings INTERFACE -Wno-restrict)
endif()
if(TORCHTALLY_WERROR)
  target_compile_options(tally_warnings INTERFACE -Werror)
endif()
if(TORCHTALLY_SANITIZE)
  add_compile_options(-fsanitize=${TORCHTALLY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -Wno-maybe-uninitialized)   # GCC's documentation: sanitizers bring false warnings, for example in <regex>
  add_link_options(-fsanitize=${TORCHTALLY_SANITIZE})
endif()

set(TORCHTALLY_LIBRARY_TYPE STATIC CACHE STRING "SHARED, for tools/mutants: an edit then links one library and no test again")
mark_as_advanced(TORCHTALLY_LIBRARY_TYPE)

# tally_library(NAME SOURCES… [LINK TARGETS…]): a library named tally_NAME, alias tally::NAME.
function(tally_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(tally_${name} ${TORCHTALLY_LIBRARY_TYPE} ${ARG_UNPARSED_ARGUMENTS})
  add_library(tally::${name} ALIAS tally_${name})
  set_target_properties(tally_${name} PROPERTIES EXPORT_NAME ${name} DEFINE_SYMBOL "")   # compiled alike, whatever the type
  target_link_libraries(tally_${name} PUBLIC tally_options ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:tally_warnings>)
endfunction()
