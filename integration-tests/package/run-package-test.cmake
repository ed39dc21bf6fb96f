# One test of CMakeLists.txt beside this file: configures SOURCE from nothing, then does the rest.

file(REMOVE_RECURSE "${BINARY}")
set(configure
    "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BINARY}" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
    "-DCMAKE_BUILD_TYPE=Debug" "-DCMAKE_PREFIX_PATH=${PREFIX}" ${OPTIONS})

if(MUST_FAIL_WITH)
  execute_process(COMMAND ${configure} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0)
    message(FATAL_ERROR "${NAME}: configuring must fail, but did not:\n${output}")
  endif()
  # CMake breaks long messages into lines.
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(NOT output MATCHES "${MUST_FAIL_WITH}")
    message(FATAL_ERROR "${NAME}: configuring failed, but not with \"${MUST_FAIL_WITH}\":\n${output}")
  endif()
  return()
endif()

execute_process(COMMAND ${configure} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BINARY}" --parallel 2 COMMAND_ERROR_IS_FATAL ANY)
if(INSTALL_TO)
  file(REMOVE_RECURSE "${INSTALL_TO}")
  set(ENV{DESTDIR} "")
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BINARY}" --prefix "${INSTALL_TO}"
                          COMMAND_ERROR_IS_FATAL ANY)
endif()
if(PROGRAM)
  execute_process(COMMAND "${BINARY}/${PROGRAM}" COMMAND_ERROR_IS_FATAL ANY)
endif()
