# Collects what is built and what is left out, and prints both at the end of the configure step: a
# part that is missing in silence is found out at the worst moment.

function(waybill_built part)
  set_property(GLOBAL APPEND PROPERTY WAYBILL_PARTS_BUILT "${part}")
endfunction()

function(waybill_left_out part reason)
  set_property(GLOBAL APPEND PROPERTY WAYBILL_PARTS_LEFT_OUT "${part}: ${reason}")
endfunction()

function(waybill_print_summary)
  get_property(built GLOBAL PROPERTY WAYBILL_PARTS_BUILT)
  get_property(left_out GLOBAL PROPERTY WAYBILL_PARTS_LEFT_OUT)
  set(kind static)
  if(BUILD_SHARED_LIBS)
    set(kind shared)
  endif()
  message(STATUS "waybill ${PROJECT_VERSION} (${kind} libraries, ${CMAKE_BUILD_TYPE})")
  foreach(part IN LISTS built)
    message(STATUS "  built:    ${part}")
  endforeach()
  foreach(part IN LISTS left_out)
    message(STATUS "  left out: ${part}")
  endforeach()
  if(NOT left_out)
    message(STATUS "  left out: nothing")
  endif()
endfunction()
