# What ctest includes for each executable of tally_test(): one test a GoogleTest suite, NAME.Suite.
# In: `name` and `executable`; `environment`, what its tests have in addition.
if(NOT EXISTS ${executable})
  add_test(${name}_NOT_BUILT ${name}_NOT_BUILT)
  return()
endif()
execute_process(COMMAND ${executable} --gtest_list_tests OUTPUT_VARIABLE _lines RESULT_VARIABLE _status)
if(NOT _status EQUAL 0)
  message(FATAL_ERROR "${executable} --gtest_list_tests ends with ${_status}")
endif()
string(REGEX MATCHALL "(^|\n)[^ \n]+\\." _suites "${_lines}") # tests are indented below their suite
foreach(_suite IN LISTS _suites)
  string(STRIP "${_suite}" _suite)
  string(REGEX REPLACE "\\.$" "" _suite "${_suite}")
  add_test(${name}.${_suite} ${executable} --gtest_filter=${_suite}.*)
  set_tests_properties(${name}.${_suite} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
endforeach()
