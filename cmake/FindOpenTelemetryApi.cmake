# Finds the headers of opentelemetry-cpp's API and makes the target OpenTelemetryApi::api.
#
# The API, its propagators included, is header-only. Upstream's CMake configuration is not used: it
# wants the development packages of gRPC, protobuf, abseil and curl even for the headers.
# Sets OpenTelemetryApi_FOUND and OpenTelemetryApi_VERSION.

find_path(OpenTelemetryApi_INCLUDE_DIR NAMES opentelemetry/version.h)
mark_as_advanced(OpenTelemetryApi_INCLUDE_DIR)

if(OpenTelemetryApi_INCLUDE_DIR)
  # #define OPENTELEMETRY_VERSION "1.19.0"
  file(STRINGS "${OpenTelemetryApi_INCLUDE_DIR}/opentelemetry/version.h" OpenTelemetryApi_line
       REGEX "^#define OPENTELEMETRY_VERSION +\"")
  if(OpenTelemetryApi_line MATCHES "\"([0-9.]+)")
    set(OpenTelemetryApi_VERSION "${CMAKE_MATCH_1}")
  endif()
  unset(OpenTelemetryApi_line)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  OpenTelemetryApi
  REQUIRED_VARS OpenTelemetryApi_INCLUDE_DIR
  VERSION_VAR OpenTelemetryApi_VERSION)

if(OpenTelemetryApi_FOUND AND NOT TARGET OpenTelemetryApi::api)
  add_library(OpenTelemetryApi::api INTERFACE IMPORTED)
  set_target_properties(
    OpenTelemetryApi::api PROPERTIES INTERFACE_INCLUDE_DIRECTORIES
                                     "${OpenTelemetryApi_INCLUDE_DIR}")
endif()
