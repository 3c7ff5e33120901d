# Installs the build into a folder, moves that folder, and uses it from there: the command line on a sample model from
# another directory, and a C++ program that links the library. Expected counts are sample_models/manifest.json's, which
# PyTorch's Python side wrote, and GPT-2's as published with its weights.
cmake_minimum_required(VERSION 3.25)

function(run)
  cmake_parse_arguments(ARG "" "IN;OUT" "COMMAND" ${ARGN})
  execute_process(COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${ARG_IN}
    OUTPUT_VARIABLE _out ERROR_VARIABLE _err RESULT_VARIABLE _status)
  if(NOT _status EQUAL 0)
    list(JOIN ARG_COMMAND " " _command)
    message(FATAL_ERROR "exit code ${_status}, expected 0: ${_command}\n${_out}\n${_err}")
  endif()
  if(ARG_OUT)
    set(${ARG_OUT} "${_out}" PARENT_SCOPE)
  endif()
endfunction()

function(expect_equal actual expected what)
  if(NOT "${actual}" STREQUAL "${expected}")
    message(FATAL_ERROR "${what}: expected ${expected}, got ${actual}")
  endif()
endfunction()

# A transformer with tied weights: the unique and the naive count differ.
set(sample gpt2.pt)
file(READ ${SOURCE_DIR}/sample_models/manifest.json manifest)
string(JSON models LENGTH ${manifest} models)
math(EXPR last "${models} - 1")
foreach(i RANGE ${last})
  string(JSON name GET ${manifest} models ${i} file)
  if(name STREQUAL sample)
    string(JSON unique GET ${manifest} models ${i} parameters_unique)
    string(JSON naive GET ${manifest} models ${i} parameters_naive)
  endif()
endforeach()
if(NOT DEFINED unique OR unique EQUAL naive)
  message(FATAL_ERROR "sample_models/manifest.json says nothing of ${sample}, or that its weights are not tied")
endif()

file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR}/elsewhere)
run(COMMAND ${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/first IN ${WORK_DIR})
file(RENAME ${WORK_DIR}/first "${WORK_DIR}/moved here")
set(prefix "${WORK_DIR}/moved here")
file(COPY_FILE ${SOURCE_DIR}/sample_models/${sample} ${WORK_DIR}/elsewhere/${sample})

# The command line: no LibTorch in it, and it finds its reader.
set(ENV{TORCHTALLY_READER})
run(COMMAND ${READELF} -d "${prefix}/${BINDIR}/torchtally" OUT dynamic IN ${WORK_DIR})
if(dynamic MATCHES "libtorch|libc10")
  message(FATAL_ERROR "torchtally links LibTorch:\n${dynamic}")
endif()
if(HAS_WORKER AND NOT EXISTS "${prefix}/${LIBEXECDIR}/torchtally/torchtally-worker")
  message(FATAL_ERROR "the worker is not in ${LIBEXECDIR}/torchtally/")
endif()
run(COMMAND "${prefix}/${BINDIR}/torchtally" audit -f json ${sample} OUT report IN ${WORK_DIR}/elsewhere)
string(JSON audited GET ${report} models 0 totals parameters elements)
expect_equal(${audited} ${unique} "parameters of ${sample} by the installed torchtally")

# The headers: below torchtally/ alone, and none that includes what is not installed.
file(GLOB top RELATIVE "${prefix}/include" "${prefix}/include/*")
expect_equal("${top}" torchtally "what is installed into include/")
file(GLOB_RECURSE headers RELATIVE "${prefix}/include" "${prefix}/include/*.h")
foreach(header IN LISTS headers)
  file(STRINGS "${prefix}/include/${header}" includes REGEX "^#include <[a-z]+/")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "#include <(.*)>" "\\1" included ${include})
    if(NOT EXISTS "${prefix}/include/${included}")
      message(FATAL_ERROR "${header} includes ${included}, which is not installed")
    endif()
  endforeach()
endforeach()

# A C++ program. LibTorch is not looked for: there is none at the place that it is told.
if(SANITIZE)
  string(APPEND CXX_FLAGS " -fsanitize=${SANITIZE}")
endif()
run(COMMAND ${CMAKE_COMMAND} -S ${SOURCE_DIR}/tests/install/consumer -B ${WORK_DIR}/consumer -G ${GENERATOR}
  "-DCMAKE_PREFIX_PATH=${prefix}" "-DTORCHTALLY_INCLUDE_DIR=${prefix}/include" -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
  -DCMAKE_BUILD_TYPE=${BUILD_TYPE} "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}" -DTORCHTALLY_TORCH_DIR=${WORK_DIR}/no-such-folder IN ${WORK_DIR})
run(COMMAND ${CMAKE_COMMAND} --build ${WORK_DIR}/consumer IN ${WORK_DIR})
run(COMMAND ${WORK_DIR}/consumer/consumer ${sample} OUT printed IN ${WORK_DIR}/elsewhere)
string(REPLACE "\n" ";" printed "${printed}")
# GPT-2 small has 124,439,808 parameters (openai-community/gpt2); no model fits a device of one byte.
expect_equal("${printed}"
  "unique ${unique};naive ${naive};transformer 1;explained ${unique};unexplained 0;gpt2 124439808;fits 0;missing 1;"
  "what a linked program prints of ${sample}")
file(REMOVE_RECURSE ${WORK_DIR})
