# Debian packages by cpack: for each library one with what runs and one with what is built against,
# and the command as its own. `cmake --workflow --preset package` makes them in build/package.

set(WAYBILL_PACKAGE_MAINTAINER
    "waybill maintainers <maintainers@waybill.invalid>"
    CACHE STRING "Who answers for the packages; whoever publishes them names himself")
set(waybill_package_release 1)
set(waybill_package_version ${PROJECT_VERSION}-${waybill_package_release})
math(EXPR waybill_next_minor "${PROJECT_VERSION_MINOR} + 1")
set(waybill_next_minor ${PROJECT_VERSION_MAJOR}.${waybill_next_minor})
string(CONCAT waybill_about
              "waybill writes the sender's trace context and baggage into each message's\n"
              "headers, reads it at the other end and takes it off, by W3C Trace Context\n"
              "and W3C Baggage.")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME waybill)
# Each package has its own; cpack would put the project's before it.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGE_CONTACT "${WAYBILL_PACKAGE_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL "")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${waybill_package_release})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# A component's library is found in the build folder while the dependencies of another one are read.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${waybill_libraries})
list(TRANSFORM CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS PREPEND "${PROJECT_BINARY_DIR}/")

string(TIMESTAMP waybill_package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file("${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in"
               "${PROJECT_BINARY_DIR}/debian/changelog.Debian" @ONLY)
file(
  ARCHIVE_CREATE
  OUTPUT "${PROJECT_BINARY_DIR}/debian/changelog.Debian.gz"
  PATHS "${PROJECT_BINARY_DIR}/debian/changelog.Debian"
  FORMAT raw
  COMPRESSION GZip
  COMPRESSION_LEVEL 9)

# waybill_add_debian_package(<install component> <package>
#   SECTION <section> SUMMARY <text> [DEPENDS <dependency>...] [HAS_PROGRAMS])
# HAS_PROGRAMS: something in it is run or loaded, whose libraries decide what else it depends on.
macro(waybill_add_debian_package component package)
  cmake_parse_arguments(deb "HAS_PROGRAMS" "SECTION;SUMMARY" "DEPENDS" ${ARGN})
  string(TOUPPER ${component} deb_upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${deb_upper}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${deb_upper}_PACKAGE_SECTION ${deb_SECTION})
  set(CPACK_DEBIAN_${deb_upper}_PACKAGE_SHLIBDEPS ${deb_HAS_PROGRAMS})
  list(JOIN deb_DEPENDS ", " CPACK_DEBIAN_${deb_upper}_PACKAGE_DEPENDS)
  set(CPACK_DEBIAN_${deb_upper}_DESCRIPTION "${deb_SUMMARY}\n${waybill_about}")
  install(
    FILES "${CMAKE_CURRENT_LIST_DIR}/debian/copyright"
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package}
    COMPONENT ${component}
    EXCLUDE_FROM_ALL)
  install(
    FILES "${PROJECT_BINARY_DIR}/debian/changelog.Debian.gz"
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package}
    COMPONENT ${component}
    EXCLUDE_FROM_ALL)
endmacro()

# waybill_add_debian_library(<component> <what it is for>
#   [BASES <component>...] [HEADERS_NEED <package>...])
# BASES are the libraries of waybill that it builds on.
macro(waybill_add_debian_library component purpose)
  cmake_parse_arguments(deb "" "" "BASES;HEADERS_NEED" ${ARGN})
  set(deb_runtime libwaybill-${component}${WAYBILL_SOVERSION})
  set(deb_base ${deb_BASES})
  list(TRANSFORM deb_base REPLACE "(.+)"
       "libwaybill-\\1${WAYBILL_SOVERSION} (= ${waybill_package_version})")
  set(deb_needs ${deb_BASES})
  list(TRANSFORM deb_needs REPLACE "(.+)" "libwaybill-\\1-dev (= ${waybill_package_version})")
  list(PREPEND deb_needs ${deb_HEADERS_NEED})
  if(BUILD_SHARED_LIBS)
    list(APPEND deb_needs "${deb_runtime} (= ${waybill_package_version})")
    waybill_add_debian_package(
      ${component} ${deb_runtime} HAS_PROGRAMS
      SECTION libs
      SUMMARY "trace context and baggage ${purpose}"
      DEPENDS ${deb_base})
    # Before 1.0 the next minor version is another ABI, so what is built with this one wants this one.
    file(WRITE "${PROJECT_BINARY_DIR}/debian/${component}/shlibs"
         "libwaybill_${component} ${WAYBILL_SOVERSION} ${deb_runtime} (>= ${PROJECT_VERSION}), "
         "${deb_runtime} (<< ${waybill_next_minor}~)\n")
    set(CPACK_DEBIAN_${deb_upper}_PACKAGE_CONTROL_EXTRA
        "${PROJECT_BINARY_DIR}/debian/${component}/shlibs")
  endif()
  waybill_add_debian_package(
    ${component}_dev libwaybill-${component}-dev
    SECTION libdevel
    SUMMARY "trace context and baggage ${purpose} (development files)"
    DEPENDS ${deb_needs})
endmacro()

waybill_add_debian_library(core "for C++ services")
if(TARGET waybill_messaging)
  waybill_add_debian_library(messaging "around sends and receives of C++ services" BASES core)
endif()
foreach(adapter IN LISTS waybill_adapters_enabled)
  waybill_add_debian_library(
    ${adapter} "through ${waybill_adapter_${adapter}_title} for C++ services"
    BASES ${waybill_libraries}
    HEADERS_NEED ${waybill_adapter_${adapter}_debian_depends})
endforeach()
if(WAYBILL_TOOLS_ENABLED)
  set(deb_needs "")
  if(BUILD_SHARED_LIBS)
    set(deb_needs "libwaybill-core${WAYBILL_SOVERSION} (= ${waybill_package_version})")
  endif()
  waybill_add_debian_package(
    tools waybill HAS_PROGRAMS
    SECTION utils
    SUMMARY "explain the trace context and baggage in message headers"
    DEPENDS ${deb_needs})
endif()
include(CPack)
