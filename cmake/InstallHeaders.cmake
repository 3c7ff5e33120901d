# Run by `cmake --install`: the public headers, with includes of each other as users write them.
# In: `headers`, pairs of a public name and a file; `source_dir`, `rewritten_dir`, `destination`.
file(REMOVE_RECURSE ${rewritten_dir})
set(_pairs ${headers})
while(_pairs)
  list(POP_FRONT _pairs _name _file)
  file(READ ${source_dir}/${_file} _text)
  set(_others ${headers})
  while(_others)
    list(POP_FRONT _others _other_name _other_file)
    string(REPLACE "#include <${_other_file}>" "#include <torchtally/${_other_name}>" _text "${_text}")
  endwhile()
  if(_text MATCHES "#include <((app|base|cli|formulas|inspector|report)/[^>]*)>")
    message(FATAL_ERROR "the public header ${_file} includes ${CMAKE_MATCH_1}, which is not in TORCHTALLY_PUBLIC_HEADERS "
      "(cmake/Install.cmake)")
  endif()
  file(WRITE ${rewritten_dir}/${_name} "${_text}")
endwhile()
file(INSTALL ${rewritten_dir}/ DESTINATION "${CMAKE_INSTALL_PREFIX}/${destination}")
