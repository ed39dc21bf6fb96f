# Looks for what the optional parts need and decides which of them are built. Included by the root,
# because an imported target is otherwise seen by one folder only.

set(waybill_gtest_missing "GoogleTest 1.12 or newer was not found (Debian: libgtest-dev)")
set(waybill_json_missing "nlohmann_json 3.11 or newer was not found (Debian: nlohmann-json3-dev)")
# A project that adds waybill as a subdirectory links waybill::kafka from outside of it.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

foreach(adapter IN LISTS waybill_adapters)
  waybill_look_for_client(${adapter})
endforeach()

if(WAYBILL_BUILD_TESTS
   OR WAYBILL_BUILD_INTEGRATION_TESTS
   OR WAYBILL_BUILD_TOOLS)
  find_package(nlohmann_json 3.11 QUIET)
endif()
set(WAYBILL_TESTS_ENABLED OFF)
set(WAYBILL_INTEGRATION_TESTS_ENABLED OFF)
if(WAYBILL_BUILD_TESTS OR WAYBILL_BUILD_INTEGRATION_TESTS)
  find_package(GTest 1.12 QUIET)
endif()

if(NOT WAYBILL_BUILD_TESTS)
  waybill_left_out("unit tests" "WAYBILL_BUILD_TESTS is ${WAYBILL_BUILD_TESTS}")
elseif(NOT GTest_FOUND)
  waybill_left_out("unit tests" "${waybill_gtest_missing}")
else()
  set(WAYBILL_TESTS_ENABLED ON)
  waybill_built("unit tests")
endif()

if(NOT WAYBILL_BUILD_INTEGRATION_TESTS)
  waybill_left_out("integration tests"
                   "WAYBILL_BUILD_INTEGRATION_TESTS is ${WAYBILL_BUILD_INTEGRATION_TESTS}")
elseif(NOT GTest_FOUND)
  waybill_left_out("integration tests" "${waybill_gtest_missing}")
elseif(NOT nlohmann_json_FOUND)
  waybill_left_out("integration tests" "${waybill_json_missing}")
else()
  set(WAYBILL_INTEGRATION_TESTS_ENABLED ON)
  waybill_built("integration tests")
endif()

if(NOT WAYBILL_BUILD_EXAMPLES)
  waybill_left_out("examples" "WAYBILL_BUILD_EXAMPLES is ${WAYBILL_BUILD_EXAMPLES}")
else()
  waybill_built("examples")
  find_package(Boost 1.74 QUIET)
endif()

set(WAYBILL_TOOLS_ENABLED OFF)
if(WAYBILL_BUILD_TOOLS)
  find_package(CLI11 2.1 QUIET)
endif()
if(NOT WAYBILL_BUILD_TOOLS)
  waybill_left_out("command waybill" "WAYBILL_BUILD_TOOLS is ${WAYBILL_BUILD_TOOLS}")
elseif(NOT CLI11_FOUND)
  waybill_left_out("command waybill" "CLI11 2.1 or newer was not found (Debian: libcli11-dev)")
elseif(NOT nlohmann_json_FOUND)
  waybill_left_out("command waybill" "${waybill_json_missing}")
else()
  set(WAYBILL_TOOLS_ENABLED ON)
  waybill_built("command waybill")
endif()

if(NOT WAYBILL_BUILD_FUZZERS)
  waybill_left_out("fuzzers" "WAYBILL_BUILD_FUZZERS is ${WAYBILL_BUILD_FUZZERS}")
elseif(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "WAYBILL_BUILD_FUZZERS needs clang with libFuzzer; use the preset fuzz")
else()
  waybill_built("fuzzers")
endif()

if(NOT WAYBILL_BUILD_BENCHMARKS)
  waybill_left_out("benchmarks" "WAYBILL_BUILD_BENCHMARKS is ${WAYBILL_BUILD_BENCHMARKS}")
else()
  find_package(benchmark 1.7 QUIET)
  if(NOT benchmark_FOUND)
    message(FATAL_ERROR "WAYBILL_BUILD_BENCHMARKS is ${WAYBILL_BUILD_BENCHMARKS}, but Google "
                        "Benchmark 1.7 or newer was not found (Debian: libbenchmark-dev)")
  endif()
  waybill_built("benchmarks")
  find_package(OpenTelemetryApi 1.19 QUIET)
  if(NOT OpenTelemetryApi_FOUND)
    waybill_left_out(
      "the other side of the benchmarks"
      "opentelemetry-cpp 1.19 or newer was not found (Debian: opentelemetry-cpp-dev)")
  endif()
endif()

unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
