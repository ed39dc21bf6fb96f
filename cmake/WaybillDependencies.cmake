# Looks for what the optional parts need and decides which of them are built. Included by the root,
# because an imported target is otherwise seen by one folder only.

set(WAYBILL_RDKAFKA_VERSION_MIN 2.0)
string(CONCAT waybill_librdkafka_missing
              "librdkafka ${WAYBILL_RDKAFKA_VERSION_MIN} or newer with its headers was not found "
              "(Debian: librdkafka-dev)")
set(waybill_gtest_missing "GoogleTest 1.12 or newer was not found (Debian: libgtest-dev)")
# A project that adds waybill as a subdirectory links waybill::kafka from outside of it.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

set(WAYBILL_KAFKA_ENABLED OFF)
if(NOT WAYBILL_KAFKA)
  waybill_left_out("waybill::kafka" "WAYBILL_KAFKA is ${WAYBILL_KAFKA}")
else()
  find_package(RdKafka ${WAYBILL_RDKAFKA_VERSION_MIN} QUIET)
  if(RdKafka_FOUND)
    set(WAYBILL_KAFKA_ENABLED ON)
  elseif(WAYBILL_KAFKA STREQUAL "AUTO")
    waybill_left_out("waybill::kafka" "${waybill_librdkafka_missing}")
  else()
    message(FATAL_ERROR "WAYBILL_KAFKA is ${WAYBILL_KAFKA}, but ${waybill_librdkafka_missing}")
  endif()
endif()

if(WAYBILL_BUILD_INTEGRATION_TESTS)
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
elseif(NOT WAYBILL_KAFKA_ENABLED)
  waybill_left_out("integration tests" "they need waybill::kafka")
elseif(NOT nlohmann_json_FOUND)
  waybill_left_out("integration tests"
                   "nlohmann_json 3.11 or newer was not found (Debian: nlohmann-json3-dev)")
else()
  set(WAYBILL_INTEGRATION_TESTS_ENABLED ON)
  waybill_built("integration tests")
endif()

if(NOT WAYBILL_BUILD_EXAMPLES)
  waybill_left_out("examples" "WAYBILL_BUILD_EXAMPLES is ${WAYBILL_BUILD_EXAMPLES}")
elseif(NOT WAYBILL_KAFKA_ENABLED)
  waybill_left_out("examples" "they need waybill::kafka")
else()
  waybill_built("examples")
endif()

if(NOT WAYBILL_BUILD_FUZZERS)
  waybill_left_out("fuzzers" "WAYBILL_BUILD_FUZZERS is ${WAYBILL_BUILD_FUZZERS}")
elseif(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "WAYBILL_BUILD_FUZZERS needs clang with libFuzzer; use the preset fuzz")
else()
  waybill_built("fuzzers")
endif()

unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
