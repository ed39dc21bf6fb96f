# Finds rabbitmq-c, RabbitMQ's C client library, and makes the target rabbitmq::rabbitmq, which is
# upstream's own name for it.
#
# Upstream's own CMake configuration is taken where it serves; that of a static library may ask for
# packages that are not there. Then the folders in librabbitmq.pc are hints, and the header and the
# library decide. The version is the header's: Debian's configuration tells the library's SOVERSION.
# Sets RabbitmqC_FOUND and RabbitmqC_VERSION.

# rabbitmq-c 0.12 moved its headers into a folder of their own.
macro(_rabbitmq_c_find_header)
  find_path(
    RabbitmqC_INCLUDE_DIR
    NAMES rabbitmq-c/amqp.h amqp.h
    HINTS ${ARGN})
  mark_as_advanced(RabbitmqC_INCLUDE_DIR)
  if(RabbitmqC_INCLUDE_DIR)
    set(RabbitmqC_header "${RabbitmqC_INCLUDE_DIR}/rabbitmq-c/amqp.h")
    if(NOT EXISTS "${RabbitmqC_header}")
      set(RabbitmqC_header "${RabbitmqC_INCLUDE_DIR}/amqp.h")
    endif()
    # #define AMQP_VERSION_MAJOR 0
    file(STRINGS "${RabbitmqC_header}" RabbitmqC_version_lines
         REGEX "^#define AMQP_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    set(RabbitmqC_numbers "")
    foreach(RabbitmqC_part IN ITEMS MAJOR MINOR PATCH)
      if("${RabbitmqC_version_lines}" MATCHES "AMQP_VERSION_${RabbitmqC_part} +([0-9]+)")
        list(APPEND RabbitmqC_numbers "${CMAKE_MATCH_1}")
      endif()
    endforeach()
    list(JOIN RabbitmqC_numbers "." RabbitmqC_VERSION)
    unset(RabbitmqC_header)
    unset(RabbitmqC_version_lines)
    unset(RabbitmqC_numbers)
    unset(RabbitmqC_part)
  endif()
endmacro()

include(FindPackageHandleStandardArgs)

if(NOT TARGET rabbitmq::rabbitmq)
  find_package(rabbitmq-c CONFIG QUIET)
endif()
if(TARGET rabbitmq::rabbitmq)
  get_target_property(RabbitmqC_include_hints rabbitmq::rabbitmq INTERFACE_INCLUDE_DIRECTORIES)
  _rabbitmq_c_find_header(${RabbitmqC_include_hints})
  unset(RabbitmqC_include_hints)
  find_package_handle_standard_args(
    RabbitmqC
    REQUIRED_VARS RabbitmqC_INCLUDE_DIR
    VERSION_VAR RabbitmqC_VERSION)
  return()
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_RabbitmqC QUIET librabbitmq)
endif()
_rabbitmq_c_find_header(${PC_RabbitmqC_INCLUDE_DIRS} ${PC_RabbitmqC_INCLUDEDIR})
find_library(
  RabbitmqC_LIBRARY
  NAMES rabbitmq
  HINTS ${PC_RabbitmqC_LIBRARY_DIRS} ${PC_RabbitmqC_LIBDIR})
mark_as_advanced(RabbitmqC_LIBRARY)

find_package_handle_standard_args(
  RabbitmqC
  REQUIRED_VARS RabbitmqC_LIBRARY RabbitmqC_INCLUDE_DIR
  VERSION_VAR RabbitmqC_VERSION)

if(RabbitmqC_FOUND)
  add_library(rabbitmq::rabbitmq UNKNOWN IMPORTED)
  set_target_properties(
    rabbitmq::rabbitmq PROPERTIES IMPORTED_LOCATION "${RabbitmqC_LIBRARY}"
                                  INTERFACE_INCLUDE_DIRECTORIES "${RabbitmqC_INCLUDE_DIR}")
  if(RabbitmqC_LIBRARY MATCHES "\\.a$")
    # A static library names what it needs in its pkg-config file only.
    set(RabbitmqC_needs "${PC_RabbitmqC_STATIC_LIBRARIES}")
    list(REMOVE_ITEM RabbitmqC_needs rabbitmq)
    set_property(TARGET rabbitmq::rabbitmq PROPERTY INTERFACE_LINK_LIBRARIES "${RabbitmqC_needs}")
    unset(RabbitmqC_needs)
  endif()
endif()
