# What `cmake --install` puts where, and what the targets that need LibTorch are built with. Included last: it looks at the
# targets that the folders have defined.
#
#   bin/torchtally, libexec/torchtally/…     the programs, installed where they are defined
#   include/torchtally/, lib/libtally_*.a    the public library: find_package(torchtally) gives torchtally::torchtally
#
# The library needs no LibTorch. Its headers are the public ones alone, below.

include(CMakePackageConfigHelpers)

# The public headers: <torchtally/NAME> is FILE of this project, with its own includes rewritten alike. A public header may
# include public ones only; installing fails where one does not.
set(TORCHTALLY_PUBLIC_HEADERS
  # NAME                      FILE
  result.h                    base/result.h
  wide.h                      base/wide.h
  ids.h                       base/ids.h
  dtype.h                     inspector/model/dtype.h
  snapshot.h                  inspector/model/snapshot.h
  read_model.h                inspector/formats/read_model.h
  read_limits.h               inspector/formats/read_limits.h
  census.h                    inspector/census/census.h
  compare_model.h             inspector/reconcile/compare_model.h
  formulas/spec.h             formulas/spec/spec.h
  formulas/hf_config.h        formulas/families/hf_config.h
  formulas/config_default.h   formulas/families/config_default.h
  formulas/presets.h          formulas/families/presets.h
  formulas/terms.h            formulas/terms/terms.h
  formulas/term_key.h         formulas/terms/term_key.h
  formulas/parameters.h       formulas/terms/parameters.h
  formulas/accelerators.h     formulas/costs/accelerators.h
  formulas/activations.h      formulas/costs/activations.h
  formulas/estimate.h         formulas/costs/estimate.h
  formulas/fit.h              formulas/costs/memory_fit.h
  formulas/flop_estimates.h   formulas/costs/flop_estimates.h
  formulas/flops.h            formulas/costs/flops.h
  formulas/guide.h            formulas/guide/guide.h
  formulas/kv_cache.h         formulas/costs/kv_cache.h
  formulas/memory.h           formulas/costs/memory.h
  formulas/memory_states.h    formulas/costs/memory_states.h
  formulas/memory_weights.h   formulas/costs/memory_weights.h
  formulas/training_time.h    formulas/costs/training_time.h)

function(_targets_below directory out)
  get_property(_targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(_subdirectories DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(_subdirectory IN LISTS _subdirectories)
    _targets_below(${_subdirectory} _more)
    list(APPEND _targets ${_more})
  endforeach()
  set(${out} ${_targets} PARENT_SCOPE)
endfunction()

function(_needs_libtorch target out)
  set(${out} FALSE PARENT_SCOPE)
  get_target_property(_aliased ${target} ALIASED_TARGET)
  if(_aliased)
    set(target ${_aliased})
  endif()
  get_target_property(_links ${target} LINK_LIBRARIES)
  foreach(_link IN LISTS _links)
    if(_link STREQUAL LibTorch::cpu)
      set(${out} TRUE PARENT_SCOPE)
      return()
    elseif(_link MATCHES "^tally" AND TARGET ${_link})
      _needs_libtorch(${_link} _needs)
      if(_needs)
        set(${out} TRUE PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
endfunction()

# A source that includes LibTorch takes a gigabyte to compile: as many at once as there are 2 GB of memory.
cmake_host_system_information(RESULT _memory_mib QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR _libtorch_jobs "(${_memory_mib} + 2047) / 2048")
set_property(GLOBAL APPEND PROPERTY JOB_POOLS libtorch=${_libtorch_jobs})

_targets_below(${PROJECT_SOURCE_DIR} _all_targets)
foreach(_target IN LISTS _all_targets)
  _needs_libtorch(${_target} _needs)
  get_target_property(_type ${_target} TYPE)
  if(_needs AND NOT _type STREQUAL INTERFACE_LIBRARY)
    set_target_properties(${_target} PROPERTIES JOB_POOL_COMPILE libtorch)
  endif()
endforeach()

# The worker, wherever LibTorch lies.
if(TARGET torchtally-worker)
  libtorch_rpath(torchtally-worker)
endif()

# The library: one target, and the static libraries that it stands for.
add_library(tally_public INTERFACE)
set_target_properties(tally_public PROPERTIES EXPORT_NAME torchtally)
target_link_libraries(tally_public INTERFACE tally_formats tally_census tally_reconcile tally_formulas)
set_target_properties(tally_options PROPERTIES EXPORT_NAME options)
install(TARGETS tally_public tally_formats tally_archive tally_census tally_reconcile tally_formulas tally_model tally_options
  EXPORT torchtally ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(CODE "
set(source_dir \"${PROJECT_SOURCE_DIR}\")
set(headers \"${TORCHTALLY_PUBLIC_HEADERS}\")
set(rewritten_dir \"${PROJECT_BINARY_DIR}/public\")
set(destination \"${CMAKE_INSTALL_INCLUDEDIR}/torchtally\")
include(\"${PROJECT_SOURCE_DIR}/cmake/InstallHeaders.cmake\")")

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/torchtally)
install(EXPORT torchtally NAMESPACE torchtally:: DESTINATION ${_package_dir} FILE torchtallyTargets.cmake)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/torchtallyConfig.cmake.in ${PROJECT_BINARY_DIR}/torchtallyConfig.cmake
  INSTALL_DESTINATION ${_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/torchtallyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/torchtallyConfig.cmake ${PROJECT_BINARY_DIR}/torchtallyConfigVersion.cmake
  DESTINATION ${_package_dir})
