# One component of waybill is one library, one folder of headers, one export set for each kind of
# library, one file with what waybill-config.cmake has to know of it, and one pkg-config file.

# waybill_add_component(<name>
#   DESCRIPTION <text>              one line for package tools
#   [PACKAGE <component>]           whose packages it is a part of; its own when left out
#   [SOURCES <file>...]             compiled files, relative to the calling folder; none: header-only
#   HEADERS <file>...               the headers under include/: these are installed, no others
#   [PUBLIC_LIBRARIES <target>...]  what the public headers need
#   [PKG_CONFIG_REQUIRES <module>...]   the same as pkg-config modules
#   [PKG_CONFIG_LIBRARIES <name>...])   and as libraries, those that have no such module
# Makes the target waybill_<name> and its alias waybill::<name>; with WAYBILL_STATIC_TOO the target
# waybill_<name>_static beside a shared one, which is installed under the same name.
function(waybill_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESCRIPTION;PACKAGE"
                        "SOURCES;HEADERS;PUBLIC_LIBRARIES;PKG_CONFIG_REQUIRES;PKG_CONFIG_LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "waybill_add_component(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_PACKAGE)
    set(arg_PACKAGE ${name})
  endif()

  set(target waybill_${name})
  if(NOT arg_SOURCES)
    add_library(${target} INTERFACE)
    _waybill_set_up_library(${target} INTERFACE)
    set(file_of_${target} waybill-${name}-targets.cmake)
    set(targets ${target})
  else()
    add_library(${target} ${arg_SOURCES})
    _waybill_set_up_library(${target} PUBLIC)
    set(file_of_${target} waybill-${name}-static-targets.cmake)
    if(BUILD_SHARED_LIBS)
      set(file_of_${target} waybill-${name}-shared-targets.cmake)
    endif()
    set(targets ${target})
    if(BUILD_SHARED_LIBS AND WAYBILL_STATIC_TOO)
      add_library(${target}_static STATIC ${arg_SOURCES})
      set_target_properties(${target}_static PROPERTIES OUTPUT_NAME ${target})
      list(TRANSFORM arg_PUBLIC_LIBRARIES REPLACE "^waybill::(.+)$" "waybill_\\1_static"
           OUTPUT_VARIABLE static_libraries)
      _waybill_set_up_library(${target}_static PUBLIC)
      set(file_of_${target}_static waybill-${name}-static-targets.cmake)
      list(APPEND targets ${target}_static)
    endif()
  endif()
  add_library(waybill::${name} ALIAS ${target})
  waybill_built("waybill::${name}")

  if(WAYBILL_INSTALL)
    foreach(each IN LISTS targets)
      _waybill_install_library(${each} ${file_of_${each}})
    endforeach()
    _waybill_install_component_file()
    _waybill_install_pkg_config()
  endif()
endfunction()

# The functions below read the arguments of waybill_add_component.
function(_waybill_set_up_library target scope)
  set(libraries ${arg_PUBLIC_LIBRARIES})
  if(scope STREQUAL "PUBLIC")
    get_target_property(type ${target} TYPE)
    if(DEFINED static_libraries)
      set(libraries ${static_libraries})
    endif()
    set_target_properties(
      ${target}
      PROPERTIES CXX_EXTENSIONS OFF
                 CXX_VISIBILITY_PRESET hidden
                 VISIBILITY_INLINES_HIDDEN ON
                 # A static waybill may end up inside somebody's shared library.
                 POSITION_INDEPENDENT_CODE ON
                 # Shared components find each other wherever the prefix is.
                 INSTALL_RPATH "$ORIGIN"
                 VERSION ${PROJECT_VERSION}
                 SOVERSION ${WAYBILL_SOVERSION})
    if(type STREQUAL "SHARED_LIBRARY")
      # Public, because the reader of the headers must know what kind of symbol to expect.
      target_compile_definitions(${target} PUBLIC WAYBILL_SHARED)
    endif()
    # Public functions that call each other may be inlined: nobody replaces one of them at run time.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:waybill_build_flags>)
  endif()
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(
    ${target}
    ${scope} FILE_SET
           HEADERS
           BASE_DIRS
           include
           FILES
           ${arg_HEADERS})
  target_link_libraries(${target} ${scope} ${libraries})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS
                                                                 ${PROJECT_IS_TOP_LEVEL})
endfunction()

function(_waybill_install_library target file)
  install(
    TARGETS ${target}
    EXPORT ${target}_targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
            COMPONENT ${arg_PACKAGE}
            NAMELINK_COMPONENT ${arg_PACKAGE}_dev
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${arg_PACKAGE}_dev
    FILE_SET HEADERS COMPONENT ${arg_PACKAGE}_dev)
  install(
    EXPORT ${target}_targets
    FILE ${file}
    NAMESPACE waybill::
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/waybill
    COMPONENT ${arg_PACKAGE}_dev)
endfunction()

# Beside it goes the find module of the client library, if the component has one.
function(_waybill_install_component_file)
  set(needs ${arg_PUBLIC_LIBRARIES})
  list(FILTER needs INCLUDE REGEX "^waybill::")
  list(TRANSFORM needs REPLACE "^waybill::" "")
  set(file "${PROJECT_BINARY_DIR}/waybill-${name}-component.cmake")
  set(client "")
  set(files "${file}")
  set(missing "${waybill_component_${name}_missing}")
  set(adapter "${waybill_component_${name}_adapter}")
  if(adapter)
    set(module ${waybill_adapter_${adapter}_find_module})
    set(client ${module} ${waybill_adapter_${adapter}_version_min} ${waybill_component_${name}_target})
    list(APPEND files "${PROJECT_SOURCE_DIR}/adapters/${adapter}/cmake/Find${module}.cmake")
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/waybill-component.cmake.in" "${file}" @ONLY)
  install(
    FILES ${files}
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/waybill
    COMPONENT ${arg_PACKAGE}_dev)
endfunction()

function(_waybill_install_pkg_config)
  string(REPLACE _ - module "waybill-${name}")
  # A file that knows its place serves any prefix. An absolute folder of libraries has none.
  set(prefix "${CMAKE_INSTALL_PREFIX}")
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    file(RELATIVE_PATH up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /prefix)
    string(REGEX REPLACE "/$" "" prefix "\${pcfiledir}/${up}")
  endif()
  cmake_path(APPEND libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
  cmake_path(APPEND includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
  list(JOIN arg_PKG_CONFIG_REQUIRES ", " requires)
  set(flags "-I\${includedir}")
  set(libraries "")
  if(arg_SOURCES)
    set(libraries "-L\${libdir} -lwaybill_${name}")
    if(BUILD_SHARED_LIBS)
      string(APPEND flags " -DWAYBILL_SHARED")
    endif()
  endif()
  list(TRANSFORM arg_PKG_CONFIG_LIBRARIES PREPEND " -l")
  list(JOIN arg_PKG_CONFIG_LIBRARIES "" others)
  string(STRIP "${libraries}${others}" libraries)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/waybill.pc.in" "${PROJECT_BINARY_DIR}/${module}.pc" @ONLY)
  install(
    FILES "${PROJECT_BINARY_DIR}/${module}.pc"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT ${arg_PACKAGE}_dev)
endfunction()
