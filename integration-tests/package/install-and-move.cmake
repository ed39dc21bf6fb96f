# Installs the build folder BUILD as a packager does, beside the system, and moves the result to PREFIX.

set(staged "${PREFIX}-staged")
file(REMOVE_RECURSE "${PREFIX}" "${staged}")
set(ENV{DESTDIR} "${staged}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix /opt/waybill
                        COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${staged}/opt/waybill" "${PREFIX}")
file(REMOVE_RECURSE "${staged}")
