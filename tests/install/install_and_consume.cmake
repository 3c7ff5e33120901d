# Installs the build into a folder, moves that folder, and uses it from there: the command line on a sample model from
# another directory, a C++ program that links the loader, and one that has no LibTorch. Expected counts are
# sample_models/manifest.json's, which PyTorch's Python side wrote.
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

# The sample with tied weights: the unique and the naive count differ.
set(sample tied_scripted.pt)
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

# The command line: no LibTorch in it, and it finds its worker.
set(ENV{TORCHTALLY_WORKER})
run(COMMAND ${READELF} -d "${prefix}/${BINDIR}/torchtally" OUT dynamic IN ${WORK_DIR})
if(dynamic MATCHES "libtorch|libc10")
  message(FATAL_ERROR "torchtally links LibTorch:\n${dynamic}")
endif()
if(NOT EXISTS "${prefix}/${LIBEXECDIR}/torchtally/torchtally-worker")
  message(FATAL_ERROR "the worker is not in ${LIBEXECDIR}/torchtally/")
endif()
run(COMMAND "${prefix}/${BINDIR}/torchtally" audit -f json ${sample} OUT report IN ${WORK_DIR}/elsewhere)
string(JSON audited GET ${report} models 0 totals parameters elements)
expect_equal(${audited} ${unique} "parameters of ${sample} by the installed torchtally")

# C++ programs: one with tally::load, one without LibTorch, which is then not looked for.
function(build_consumer name)
  run(COMMAND ${CMAKE_COMMAND} -S ${SOURCE_DIR}/tests/install/${name} -B ${WORK_DIR}/${name} -G ${GENERATOR}
    "-DCMAKE_PREFIX_PATH=${prefix}" -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE}
    "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}" ${ARGN} IN ${WORK_DIR})
  run(COMMAND ${CMAKE_COMMAND} --build ${WORK_DIR}/${name} IN ${WORK_DIR})
endfunction()
if(SANITIZE)
  string(APPEND CXX_FLAGS " -fsanitize=${SANITIZE}")
endif()
build_consumer(with_libtorch)
run(COMMAND ${WORK_DIR}/with_libtorch/count_parameters ${sample} OUT counted IN ${WORK_DIR}/elsewhere)
expect_equal(${counted} "${unique} ${naive}\n" "unique and naive parameters of ${sample} by a linked program")
build_consumer(without_libtorch -DTORCHTALLY_TORCH_DIR=${WORK_DIR}/no-such-folder)
run(COMMAND ${WORK_DIR}/without_libtorch/count_by_hand OUT counted IN ${WORK_DIR})
expect_equal(${counted} "15\n" "parameters of a snapshot of one 3×5 tensor")
file(REMOVE_RECURSE ${WORK_DIR})
