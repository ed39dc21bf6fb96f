# Installs the build folder BUILD and moves the result to PREFIX.

set(staged "${PREFIX}-before-the-move")
file(REMOVE_RECURSE "${PREFIX}" "${staged}")
set(ENV{DESTDIR} "")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${staged}" COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${staged}" "${PREFIX}")
