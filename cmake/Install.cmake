# What `cmake --install` puts where, for every target under formulas/ and inspector/, and what those that need LibTorch are
# built with. Included last: it looks at the targets that the folders have defined.
#
#   bin/torchtally, libexec/torchtally/torchtally-worker     installed where they are defined
#   lib/libtally_*.a, include/torchtally/                    the libraries and their headers, <formulas/…> and <inspector/…>
#   lib/cmake/torchtally/                                    find_package(torchtally): tally::model, tally::census, …
#
# Libraries that need LibTorch are a set of their own, so that the others can be had without one.

include(CMakePackageConfigHelpers)

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

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/torchtally)
_targets_below(${PROJECT_SOURCE_DIR}/formulas _formulas_targets)
_targets_below(${PROJECT_SOURCE_DIR}/inspector _inspector_targets)
set_target_properties(tally_options PROPERTIES EXPORT_NAME options)
install(TARGETS tally_options EXPORT torchtally)
set(_has_libtorch_targets FALSE)
foreach(_target IN LISTS _formulas_targets _inspector_targets)
  _needs_libtorch(${_target} _needs)
  get_target_property(_type ${_target} TYPE)
  if(_type STREQUAL EXECUTABLE)
    if(_needs)
      libtorch_rpath(${_target})
    endif()
  elseif(_needs)
    set(_has_libtorch_targets TRUE)
    install(TARGETS ${_target} EXPORT torchtally-libtorch)
  else()
    install(TARGETS ${_target} EXPORT torchtally)
  endif()
endforeach()
install(DIRECTORY base formulas inspector DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/torchtally FILES_MATCHING PATTERN *.h)

install(EXPORT torchtally NAMESPACE tally:: DESTINATION ${_package_dir} FILE torchtallyTargets.cmake)
if(_has_libtorch_targets)
  install(EXPORT torchtally-libtorch NAMESPACE tally:: DESTINATION ${_package_dir} FILE torchtallyLibTorchTargets.cmake)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/LibTorch.cmake DESTINATION ${_package_dir})
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/torchtallyConfig.cmake.in ${PROJECT_BINARY_DIR}/torchtallyConfig.cmake
  INSTALL_DESTINATION ${_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/torchtallyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/torchtallyConfig.cmake ${PROJECT_BINARY_DIR}/torchtallyConfigVersion.cmake
  DESTINATION ${_package_dir})
