# Every symbol that the shared libraries in FOLDER export is of waybill::v0, so that two versions of
# waybill, or somebody else's code, never meet in one process under one name.
# The one exception is not ours to hide: weak symbols of the standard library's own namespaces, which
# libstdc++ declares visible because the process has to agree on one of each.

file(GLOB libraries "${FOLDER}/libwaybill_*.so")
if(NOT libraries)
  message(FATAL_ERROR "there is no shared library in ${FOLDER}")
endif()
set(special "T[VISTH]|GV|Z")
foreach(library IN LISTS libraries)
  execute_process(
    COMMAND "${READELF}" --dynamic "${library}"
    OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
  cmake_path(GET library FILENAME name)
  if(NOT dynamic MATCHES "soname: \\[${name}\\.${SOVERSION}\\]")
    message(FATAL_ERROR "${name} is not called ${name}.${SOVERSION}:\n${dynamic}")
  endif()

  execute_process(
    COMMAND "${NM}" --dynamic --defined-only --format=posix "${library}"
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
  set(own 0)
  set(foreign "")
  foreach(symbol IN LISTS symbols)
    if(symbol MATCHES "^_Z(${special})*NK?[RO]?7waybill2v0")
      math(EXPR own "${own} + 1")
    elseif(NOT symbol MATCHES "^_Z(${special})*(NK?)?(S[tabs]|9__gnu_cxx)[^ ]* [VWu] ")
      string(APPEND foreign "  ${symbol}\n")
    endif()
  endforeach()
  if(foreign)
    message(FATAL_ERROR "${name} exports what is not of waybill::v0:\n${foreign}")
  endif()
  if(own EQUAL 0)
    message(FATAL_ERROR "${name} exports nothing of waybill::v0")
  endif()
  message(STATUS "${name}: ${own} symbols of waybill::v0")
endforeach()
