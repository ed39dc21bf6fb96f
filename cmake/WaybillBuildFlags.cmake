# What only our own build needs: the default build type, warnings, sanitizers, coverage. It all sits
# on one interface target that is linked privately and never exported, so that no user of waybill
# inherits a flag.

get_property(waybill_is_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(PROJECT_IS_TOP_LEVEL
   AND NOT waybill_is_multi_config
   AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE
      RelWithDebInfo
      CACHE STRING "Build type" FORCE)
endif()

add_library(waybill_build_flags INTERFACE)

target_compile_options(waybill_build_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion
                                                     -Wsign-conversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # librdkafka's macros are such expressions, and clang blames those who use them.
  target_compile_options(waybill_build_flags INTERFACE -Wno-gnu-statement-expression)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # With -O3 gcc 12 sees an overlap within "text" + std::string that cannot be: gcc's bug 105651.
  target_compile_options(waybill_build_flags INTERFACE -Wno-restrict)
endif()
if(WAYBILL_WERROR)
  target_compile_options(waybill_build_flags INTERFACE -Werror)
endif()

if(WAYBILL_SANITIZE)
  # The first error ends the program: a test must not pass after an error that was only printed.
  target_compile_options(
    waybill_build_flags INTERFACE -fsanitize=${WAYBILL_SANITIZE} -fno-sanitize-recover=all
                                  -fno-omit-frame-pointer)
  target_link_options(waybill_build_flags INTERFACE -fsanitize=${WAYBILL_SANITIZE})
endif()

if(WAYBILL_BUILD_FUZZERS)
  # The library has to be instrumented too, or the fuzzer learns nothing from its branches.
  target_compile_options(waybill_build_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(WAYBILL_COVERAGE)
  target_compile_options(waybill_build_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(waybill_build_flags INTERFACE --coverage)
endif()
