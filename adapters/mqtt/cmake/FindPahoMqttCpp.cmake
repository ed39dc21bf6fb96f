# Finds Eclipse Paho's MQTT client in C, with or without TLS, and makes the target PahoMqtt::c; where
# its C++ interface is there too, also PahoMqtt::cpp.
#
# The targets are of this module, and stand beside Paho's own if a project has found those: Paho's
# configuration of 1.2 needs OpenSSL's headers and stops CMake without them, later ones name their
# targets otherwise, and Debian's packages have no pkg-config file.
# Sets PahoMqttCpp_FOUND (the C library), PahoMqttCpp_CPP_FOUND and PahoMqttCpp_VERSION, which is that
# of the C++ interface: the C headers say none.

if(TARGET PahoMqtt::c)
  set(PahoMqttCpp_FOUND TRUE)
  if(TARGET PahoMqtt::cpp)
    set(PahoMqttCpp_CPP_FOUND TRUE)
  endif()
  return()
endif()

find_path(PahoMqttC_INCLUDE_DIR NAMES MQTTAsync.h)
# The C++ library stands on the asynchronous one, with TLS where that was built.
find_library(PahoMqttC_LIBRARY NAMES paho-mqtt3as paho-mqtt3a)
find_path(PahoMqttCpp_INCLUDE_DIR NAMES mqtt/async_client.h)
find_library(PahoMqttCpp_LIBRARY NAMES paho-mqttpp3)
mark_as_advanced(PahoMqttC_INCLUDE_DIR PahoMqttC_LIBRARY PahoMqttCpp_INCLUDE_DIR PahoMqttCpp_LIBRARY)

set(PahoMqttCpp_VERSION "")
if(PahoMqttCpp_INCLUDE_DIR)
  # const uint32_t PAHO_MQTTPP_VERSION = 0x01020000;
  set(PahoMqttCpp_hex_byte "([0-9a-fA-F][0-9a-fA-F])")
  foreach(header IN ITEMS async_client.h platform.h types.h version.h)
    if(EXISTS "${PahoMqttCpp_INCLUDE_DIR}/mqtt/${header}" AND NOT PahoMqttCpp_VERSION)
      file(STRINGS "${PahoMqttCpp_INCLUDE_DIR}/mqtt/${header}" PahoMqttCpp_version_line
           REGEX "PAHO_MQTTPP_VERSION *[={] *0x[0-9a-fA-F]+")
      if(PahoMqttCpp_version_line MATCHES
         "0x${PahoMqttCpp_hex_byte}${PahoMqttCpp_hex_byte}${PahoMqttCpp_hex_byte}")
        math(EXPR PahoMqttCpp_major "0x${CMAKE_MATCH_1}")
        math(EXPR PahoMqttCpp_minor "0x${CMAKE_MATCH_2}")
        math(EXPR PahoMqttCpp_patch "0x${CMAKE_MATCH_3}")
        set(PahoMqttCpp_VERSION "${PahoMqttCpp_major}.${PahoMqttCpp_minor}.${PahoMqttCpp_patch}")
      endif()
      unset(PahoMqttCpp_version_line)
    endif()
  endforeach()
  unset(PahoMqttCpp_hex_byte)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PahoMqttCpp REQUIRED_VARS PahoMqttC_LIBRARY PahoMqttC_INCLUDE_DIR)

set(PahoMqttCpp_CPP_FOUND FALSE)
if(PahoMqttCpp_FOUND)
  find_package(Threads QUIET)
  add_library(PahoMqtt::c UNKNOWN IMPORTED)
  set_target_properties(
    PahoMqtt::c PROPERTIES IMPORTED_LOCATION "${PahoMqttC_LIBRARY}"
                           INTERFACE_INCLUDE_DIRECTORIES "${PahoMqttC_INCLUDE_DIR}"
                           INTERFACE_LINK_LIBRARIES "${CMAKE_THREAD_LIBS_INIT};${CMAKE_DL_LIBS}")
  # An unknown version is a newer one: 1.2 says its own.
  if(PahoMqttCpp_INCLUDE_DIR
     AND PahoMqttCpp_LIBRARY
     AND (NOT PahoMqttCpp_VERSION
          OR NOT PahoMqttCpp_FIND_VERSION
          OR PahoMqttCpp_VERSION VERSION_GREATER_EQUAL PahoMqttCpp_FIND_VERSION))
    set(PahoMqttCpp_CPP_FOUND TRUE)
    add_library(PahoMqtt::cpp UNKNOWN IMPORTED)
    set_target_properties(
      PahoMqtt::cpp PROPERTIES IMPORTED_LOCATION "${PahoMqttCpp_LIBRARY}"
                               INTERFACE_INCLUDE_DIRECTORIES "${PahoMqttCpp_INCLUDE_DIR}"
                               INTERFACE_LINK_LIBRARIES PahoMqtt::c)
  endif()
endif()
