# Finds librdkafka's C library and makes the target RdKafka::rdkafka; where its C++ interface is
# there too, also RdKafka::rdkafka++.
#
# Upstream's own CMake configuration is taken where there is one. Debian's librdkafka-dev has none,
# only rdkafka.pc, whose folders are hints here; the header and the library decide.
# Sets RdKafka_FOUND and RdKafka_VERSION.

# Beside the C library that was found, with a package or a module of whoever found it.
macro(_rdkafka_find_cpp)
  if(NOT TARGET RdKafka::rdkafka++)
    get_target_property(RdKafka_include_hints RdKafka::rdkafka INTERFACE_INCLUDE_DIRECTORIES)
    find_path(
      RdKafkaCpp_INCLUDE_DIR
      NAMES librdkafka/rdkafkacpp.h
      HINTS ${RdKafka_include_hints})
    find_library(
      RdKafkaCpp_LIBRARY
      NAMES rdkafka++
      HINTS ${PC_RdKafka_LIBRARY_DIRS} ${PC_RdKafka_LIBDIR})
    mark_as_advanced(RdKafkaCpp_INCLUDE_DIR RdKafkaCpp_LIBRARY)
    if(RdKafkaCpp_INCLUDE_DIR AND RdKafkaCpp_LIBRARY)
      add_library(RdKafka::rdkafka++ UNKNOWN IMPORTED)
      set_target_properties(
        RdKafka::rdkafka++
        PROPERTIES IMPORTED_LOCATION "${RdKafkaCpp_LIBRARY}"
                   INTERFACE_INCLUDE_DIRECTORIES "${RdKafkaCpp_INCLUDE_DIR}"
                   INTERFACE_LINK_LIBRARIES RdKafka::rdkafka)
    endif()
    unset(RdKafka_include_hints)
  endif()
endmacro()

if(TARGET RdKafka::rdkafka)
  set(RdKafka_FOUND TRUE)
  _rdkafka_find_cpp()
  return()
endif()

# The version is compared below: not every version file of upstream says what it is compatible with.
find_package(RdKafka CONFIG QUIET)
if(RdKafka_FOUND AND TARGET RdKafka::rdkafka)
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(
    RdKafka
    REQUIRED_VARS RdKafka_CONFIG
    VERSION_VAR RdKafka_VERSION)
  _rdkafka_find_cpp()
  return()
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_RdKafka QUIET rdkafka)
endif()

find_path(
  RdKafka_INCLUDE_DIR
  NAMES librdkafka/rdkafka.h
  HINTS ${PC_RdKafka_INCLUDE_DIRS} ${PC_RdKafka_INCLUDEDIR})
find_library(
  RdKafka_LIBRARY
  NAMES rdkafka
  HINTS ${PC_RdKafka_LIBRARY_DIRS} ${PC_RdKafka_LIBDIR})
mark_as_advanced(RdKafka_INCLUDE_DIR RdKafka_LIBRARY)

if(RdKafka_INCLUDE_DIR)
  # #define RD_KAFKA_VERSION 0x020002ff
  file(STRINGS "${RdKafka_INCLUDE_DIR}/librdkafka/rdkafka.h" RdKafka_version_line
       REGEX "^#define RD_KAFKA_VERSION +0x[0-9a-fA-F]+")
  set(RdKafka_hex_byte "([0-9a-fA-F][0-9a-fA-F])")
  if(RdKafka_version_line MATCHES "0x${RdKafka_hex_byte}${RdKafka_hex_byte}${RdKafka_hex_byte}")
    math(EXPR RdKafka_major "0x${CMAKE_MATCH_1}")
    math(EXPR RdKafka_minor "0x${CMAKE_MATCH_2}")
    math(EXPR RdKafka_patch "0x${CMAKE_MATCH_3}")
    set(RdKafka_VERSION "${RdKafka_major}.${RdKafka_minor}.${RdKafka_patch}")
  endif()
  unset(RdKafka_version_line)
  unset(RdKafka_hex_byte)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  RdKafka
  REQUIRED_VARS RdKafka_LIBRARY RdKafka_INCLUDE_DIR
  VERSION_VAR RdKafka_VERSION)

if(RdKafka_FOUND)
  add_library(RdKafka::rdkafka UNKNOWN IMPORTED)
  set_target_properties(
    RdKafka::rdkafka PROPERTIES IMPORTED_LOCATION "${RdKafka_LIBRARY}"
                                INTERFACE_INCLUDE_DIRECTORIES "${RdKafka_INCLUDE_DIR}")
  if(RdKafka_LIBRARY MATCHES "\\.a$")
    # A static library names what it needs in its pkg-config file only.
    set(RdKafka_needs "${PC_RdKafka_STATIC_LIBRARIES}")
    list(REMOVE_ITEM RdKafka_needs rdkafka)
    set_property(TARGET RdKafka::rdkafka PROPERTY INTERFACE_LINK_LIBRARIES "${RdKafka_needs}")
    unset(RdKafka_needs)
  endif()
  _rdkafka_find_cpp()
endif()
