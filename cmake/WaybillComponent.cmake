# One component of waybill is one library, one folder of headers and one export set.

# waybill_add_component(<name>
#   [SOURCES <file>...]             compiled files, relative to the calling folder; none: header-only
#   HEADERS <file>...               the headers under include/: these are installed, no others
#   [PUBLIC_LIBRARIES <target>...]  what the public headers need
#   [PRIVATE_LIBRARIES <target>...])
# Makes the target waybill_<name> and its alias waybill::<name>.
function(waybill_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;PUBLIC_LIBRARIES;PRIVATE_LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "waybill_add_component(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()

  set(target waybill_${name})
  string(TOUPPER "${name}" name_upper)
  set(scope PUBLIC)
  if(arg_SOURCES)
    add_library(${target} ${arg_SOURCES})
    _waybill_set_up_compiled(${target} ${name_upper})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_LIBRARIES}
                                            $<BUILD_INTERFACE:waybill_build_flags>)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(waybill::${name} ALIAS ${target})

  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(
    ${target}
    ${scope} FILE_SET
           HEADERS
           BASE_DIRS
           include
           FILES
           ${arg_HEADERS})
  target_link_libraries(${target} ${scope} ${arg_PUBLIC_LIBRARIES})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS
                                                                 ${PROJECT_IS_TOP_LEVEL})

  if(WAYBILL_INSTALL)
    install(
      TARGETS ${target}
      EXPORT waybill_${name}_targets
      FILE_SET HEADERS)
    install(
      EXPORT waybill_${name}_targets
      FILE waybill-${name}-targets.cmake
      NAMESPACE waybill::
      DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/waybill)
  endif()
  waybill_built("waybill::${name}")
endfunction()

function(_waybill_set_up_compiled target name_upper)
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
               SOVERSION 0)

  target_compile_definitions(${target} PRIVATE WAYBILL_${name_upper}_BUILD)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    # Public, because the reader of the headers must know what kind of symbol to expect.
    target_compile_definitions(${target} PUBLIC WAYBILL_SHARED)
  endif()
endfunction()
