# Reads adapters/*/adapter.cmake: each adapter registers itself there, and nothing outside its folder
# has a list of adapters.
#
# Sets `waybill_adapters` and `waybill_adapter_components`, in the order of the folders' names, and
# for each adapter and component the variables that the two functions below name.

set(WAYBILL_ADAPTERS
    AUTO
    CACHE STRING "What AUTO means for each adapter: AUTO (build it when its client library is there), ON, OFF")
set_property(CACHE WAYBILL_ADAPTERS PROPERTY STRINGS AUTO ON OFF)

# waybill_register_adapter(<name of the folder>
#   TITLE <text>                        the broker's name
#   CLIENT <text>                       the client library's name
#   FIND_MODULE <name>                  finds it: cmake/Find<name>.cmake in the adapter's folder
#   VERSION_MIN <version>               the oldest version that serves
#   DEBIAN_DEPENDS <dependency>...      what its Debian -dev package depends on
#   BUILD_PACKAGES <package>...         Debian packages to build it
#   [BROKER_PACKAGES <package>...]      to run its broker
#   [BROKER_SERVICES <package:unit>...] services that come with these packages and must stay off
#   [BROKER_FETCH <variable> <script>]  where Debian has no package of the broker: the script fetches
#                                       it and prints what belongs into the environment variable
#   [BROKER_FETCH_PACKAGES <package>...]   what that script needs
#   [TEST_PACKAGES <package>...])       more for its tests
# Makes the option WAYBILL_<NAME>. Sets waybill_adapter_<name>_title, _find_module, _version_min and
# _debian_depends. tools/dev/adapters.sh reads the others.
function(waybill_register_adapter name)
  cmake_parse_arguments(
    PARSE_ARGV 1 arg "" "TITLE;CLIENT;FIND_MODULE;VERSION_MIN"
    "DEBIAN_DEPENDS;BUILD_PACKAGES;BROKER_PACKAGES;BROKER_SERVICES;BROKER_FETCH;BROKER_FETCH_PACKAGES;TEST_PACKAGES"
  )
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "waybill_register_adapter(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(needed IN ITEMS TITLE CLIENT FIND_MODULE VERSION_MIN DEBIAN_DEPENDS BUILD_PACKAGES)
    if(NOT arg_${needed})
      message(FATAL_ERROR "waybill_register_adapter(${name}): ${needed} is missing")
    endif()
  endforeach()
  string(TOUPPER "WAYBILL_${name}" option)
  set(${option}
      AUTO
      CACHE STRING "Build the ${arg_TITLE} adapter: AUTO (when ${arg_CLIENT} is there), ON, OFF")
  set_property(CACHE ${option} PROPERTY STRINGS AUTO ON OFF)
  list(APPEND waybill_adapters ${name})
  set(waybill_adapters ${waybill_adapters} PARENT_SCOPE)
  foreach(setting IN ITEMS TITLE FIND_MODULE VERSION_MIN DEBIAN_DEPENDS)
    string(TOLOWER ${setting} variable)
    set(waybill_adapter_${name}_${variable} "${arg_${setting}}" PARENT_SCOPE)
  endforeach()
endfunction()

# waybill_register_component(<name>
#   TARGET <target>        the client library, as the adapter's find module makes it
#   MISSING <text>         what to say when it is not there
#   INCLUDES <text>...)    an #include line with one of them shows that a snippet in docs/ uses it
# A library of the adapter registered before. The first one has the adapter's name, and the adapter is
# built when this one can be. Sets waybill_component_<name>_adapter, _target, _missing and _includes.
function(waybill_register_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TARGET;MISSING" "INCLUDES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "waybill_register_component(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(needed IN ITEMS TARGET MISSING INCLUDES)
    if(NOT arg_${needed})
      message(FATAL_ERROR "waybill_register_component(${name}): ${needed} is missing")
    endif()
    string(TOLOWER ${needed} variable)
    set(waybill_component_${name}_${variable} "${arg_${needed}}" PARENT_SCOPE)
  endforeach()
  list(GET waybill_adapters -1 adapter)
  if(NOT waybill_adapter_${adapter}_components AND NOT name STREQUAL adapter)
    message(FATAL_ERROR "the first component of the adapter ${adapter} is ${name}")
  endif()
  set(waybill_component_${name}_adapter ${adapter} PARENT_SCOPE)
  list(APPEND waybill_adapter_${adapter}_components ${name})
  set(waybill_adapter_${adapter}_components ${waybill_adapter_${adapter}_components} PARENT_SCOPE)
  list(APPEND waybill_adapter_components ${name})
  set(waybill_adapter_components ${waybill_adapter_components} PARENT_SCOPE)
endfunction()

# waybill_look_for_client(<adapter>)
# Adds the adapter to `waybill_adapters_enabled` if the options and the client library have it so.
function(waybill_look_for_client name)
  string(TOUPPER "WAYBILL_${name}" option)
  set(deciding ${option})
  if(${option} STREQUAL "AUTO")
    set(deciding WAYBILL_ADAPTERS)
  endif()
  if(NOT ${deciding})
    waybill_left_out("waybill::${name}" "${deciding} is ${${deciding}}")
    return()
  endif()
  set(module ${waybill_adapter_${name}_find_module})
  find_package(${module} ${waybill_adapter_${name}_version_min} MODULE QUIET)
  if(${module}_FOUND)
    set(waybill_adapters_enabled ${waybill_adapters_enabled} ${name} PARENT_SCOPE)
  elseif(${deciding} STREQUAL "AUTO")
    waybill_left_out("waybill::${name}" "${waybill_component_${name}_missing}")
  else()
    message(FATAL_ERROR "${deciding} is ${${deciding}}, but ${waybill_component_${name}_missing}")
  endif()
endfunction()

# Says which components the adapters that are built have left out.
function(waybill_report_components)
  foreach(adapter IN LISTS waybill_adapters_enabled)
    foreach(component IN LISTS waybill_adapter_${adapter}_components)
      if(NOT TARGET waybill_${component})
        waybill_left_out("waybill::${component}" "${waybill_component_${component}_missing}")
      endif()
    endforeach()
  endforeach()
endfunction()

set(waybill_adapters "")
set(waybill_adapter_components "")
set(waybill_adapters_enabled "")
file(GLOB waybill_adapter_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/adapters/*/adapter.cmake")
foreach(waybill_adapter_file IN LISTS waybill_adapter_files)
  cmake_path(GET waybill_adapter_file PARENT_PATH waybill_adapter_folder)
  cmake_path(GET waybill_adapter_folder FILENAME waybill_adapter)
  set(waybill_adapter_${waybill_adapter}_components "")
  include("${waybill_adapter_file}")
  list(APPEND CMAKE_MODULE_PATH "${waybill_adapter_folder}/cmake")
  if(NOT waybill_adapters MATCHES "(^|;)${waybill_adapter}$")
    message(FATAL_ERROR "${waybill_adapter_file} does not register ${waybill_adapter}")
  endif()
endforeach()
