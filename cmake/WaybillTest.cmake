# The kinds of tests there are. Labels: `unit` needs no broker and no network, `integration` needs
# real brokers or a whole installation, `sanitize` marks the integration tests that also run in a
# sanitized build, `stress` what takes too long for every run, `threads` what
# `./test.sh --threads` runs under the thread sanitizer.

if(WAYBILL_TESTS_ENABLED OR WAYBILL_INTEGRATION_TESTS_ENABLED)
  enable_testing()
  # Everything that the tests of these labels run, to build it and no more.
  add_custom_target(waybill_unit_tests)
  add_custom_target(waybill_sanitized_broker_tests)
  add_custom_target(waybill_thread_tests)
  add_custom_target(waybill_leak_tests)
  file(WRITE "${PROJECT_BINARY_DIR}/leak-tests" "")
endif()

# waybill_run_as_unit_test(<name> <target> [<argument>...])
# A test of ctest that runs a program.
function(waybill_run_as_unit_test name target)
  add_test(NAME ${name} COMMAND ${target} ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 60)
  add_dependencies(waybill_unit_tests ${target})
endfunction()

# waybill_add_unit_tests(<target> SOURCES <file>... LIBRARIES <target>...)
# One executable; each of its GoogleTest cases is a test of ctest. What tests share is in
# testing/support.
function(waybill_add_unit_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/testing)
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} GTest::gtest_main waybill_build_flags)
  include(GoogleTest)
  gtest_discover_tests(
    ${target}
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS unit TIMEOUT 60)
  add_dependencies(waybill_unit_tests ${target})
endfunction()

# waybill_watch_threads(<test executable> [FILTER <GoogleTest filter>])
# In a build with the thread sanitizer: makes the executable as a whole a test of ctest, or those of its
# tests that use threads, where the others would take minutes. Not those on a
# real Mosquitto: the sanitizer doesn't see Paho's library count references and takes the last release
# of each token for a race.
function(waybill_watch_threads target)
  if(NOT WAYBILL_SANITIZE MATCHES "thread")
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILTER" "")
  if(NOT arg_FILTER)
    set(arg_FILTER "*")
  endif()
  add_test(NAME threads.${target} COMMAND ${target} "--gtest_filter=${arg_FILTER}")
  set_tests_properties(threads.${target} PROPERTIES LABELS threads TIMEOUT 300)
  add_dependencies(waybill_thread_tests ${target})
endfunction()

# waybill_look_for_leaks(<test executable>)
# tools/dev/leaks.sh runs it under valgrind: it reads the list that this function writes.
function(waybill_look_for_leaks target)
  add_dependencies(waybill_leak_tests ${target})
  file(APPEND "${PROJECT_BINARY_DIR}/leak-tests" "${CMAKE_CURRENT_BINARY_DIR}/${target}\n")
endfunction()

# waybill_add_integration_test(<target> SOURCES <file>... LIBRARIES <target>...
#   [TIMEOUT_SECONDS <n>] [SANITIZE])
# One executable is one test of ctest, because it starts its broker once for all of its cases.
function(waybill_add_integration_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SANITIZE" "TIMEOUT_SECONDS" "SOURCES;LIBRARIES")
  if(NOT arg_TIMEOUT_SECONDS)
    set(arg_TIMEOUT_SECONDS 600)
  endif()
  set(labels integration)
  if(arg_SANITIZE)
    list(APPEND labels sanitize)
    add_dependencies(waybill_sanitized_broker_tests ${target})
  endif()
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} GTest::gtest waybill_build_flags)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS "${labels}" TIMEOUT ${arg_TIMEOUT_SECONDS})
endfunction()

# waybill_add_fuzzer(<name> SOURCES <file>... LIBRARIES <target>...)
# With WAYBILL_BUILD_FUZZERS the fuzzer waybill_<name>_fuzzer. With the unit tests the same function
# without libFuzzer, by any compiler: a test that replays seeds/<name>.seeds, or those of all whose
# input is headers where there is none (tools/dev/fuzz.sh looks for them likewise).
function(waybill_add_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  if(WAYBILL_BUILD_FUZZERS)
    set(fuzzer waybill_${name}_fuzzer)
    add_executable(${fuzzer} ${arg_SOURCES})
    set_target_properties(${fuzzer} PROPERTIES CXX_EXTENSIONS OFF)
    target_link_libraries(${fuzzer} PRIVATE ${arg_LIBRARIES} waybill_build_flags -fsanitize=fuzzer)
  endif()
  if(WAYBILL_TESTS_ENABLED)
    set(replay waybill_${name}_replay)
    add_executable(${replay} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/core/fuzz/support/replay.cpp)
    set_target_properties(${replay} PROPERTIES CXX_EXTENSIONS OFF)
    target_link_libraries(${replay} PRIVATE ${arg_LIBRARIES} waybill_build_flags)
    set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/seeds/${name}.seeds)
    if(NOT EXISTS ${seeds})
      set(seeds ${PROJECT_SOURCE_DIR}/core/fuzz/seeds/headers.seeds)
    endif()
    waybill_run_as_unit_test(fuzz.${name}.seeds ${replay} ${seeds})
  endif()
endfunction()

# waybill_add_compile_test(<name> SOURCE <file> LIBRARY <target>
#   [OPTIONS <option>...] [MUST_FAIL_WITH <regex>...])
# A test of ctest that only compiles. The source must compile as it is. For the n-th regex it is
# compiled again with WAYBILL_MUST_FAIL=n defined, which must fail with a diagnostic that matches:
# the version that compiles is the proof that nothing but the marked line is wrong. A regex covers
# the wording of both gcc and clang.
function(waybill_add_compile_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;LIBRARY" "OPTIONS;MUST_FAIL_WITH")
  set(include_dirs "$<TARGET_PROPERTY:${arg_LIBRARY},INTERFACE_INCLUDE_DIRECTORIES>")
  set(definitions "$<TARGET_PROPERTY:${arg_LIBRARY},INTERFACE_COMPILE_DEFINITIONS>")
  set(source "${arg_SOURCE}")
  cmake_path(ABSOLUTE_PATH source)
  add_test(
    NAME ${name}
    COMMAND
      ${CMAKE_COMMAND} "-DCOMPILER=${CMAKE_CXX_COMPILER}"
      "-DSOURCE=${source}" "-DINCLUDE_DIRS=${include_dirs}" "-DDEFINITIONS=${definitions}"
      "-DOPTIONS=${arg_OPTIONS}" "-DMUST_FAIL_WITH=${arg_MUST_FAIL_WITH}" -P
      "${PROJECT_SOURCE_DIR}/cmake/run-compile-test.cmake")
  # Up to a dozen runs of the compiler.
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

# waybill_add_benchmark(<target> SOURCES <file>... LIBRARIES <target>...)
# Two executables of the same sources: <target> tells times, <target>_allocations counts allocations.
# Counting takes time of its own from whoever allocates, so times are never taken with it.
function(waybill_add_benchmark target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${target} ${arg_SOURCES})
  add_executable(
    ${target}_allocations
    ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/testing/support/counted_memory.cpp)
  target_compile_definitions(${target}_allocations PRIVATE WAYBILL_COUNTS_ALLOCATIONS)
  foreach(each IN ITEMS ${target} ${target}_allocations)
    set_target_properties(${each} PROPERTIES CXX_EXTENSIONS OFF)
    target_include_directories(${each} PRIVATE ${PROJECT_SOURCE_DIR}/core/benchmarks
                                               ${PROJECT_SOURCE_DIR}/testing)
    target_link_libraries(${each} PRIVATE ${arg_LIBRARIES} benchmark::benchmark_main
                                          waybill_build_flags)
  endforeach()
endfunction()
