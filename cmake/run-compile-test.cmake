# Run by the tests that waybill_add_compile_test makes.

set(command "${COMPILER}" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror ${OPTIONS})
foreach(dir IN LISTS INCLUDE_DIRS)
  list(APPEND command "-I${dir}")
endforeach()
foreach(definition IN LISTS DEFINITIONS)
  list(APPEND command "-D${definition}")
endforeach()

execute_process(
  COMMAND ${command} "${SOURCE}"
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile as it is:\n${output}")
endif()

set(number 0)
foreach(regex IN LISTS MUST_FAIL_WITH)
  math(EXPR number "${number} + 1")
  execute_process(
    COMMAND ${command} -DWAYBILL_MUST_FAIL=${number} "${SOURCE}"
    RESULT_VARIABLE status
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles with WAYBILL_MUST_FAIL=${number}, but must not")
  endif()
  if(NOT output MATCHES "${regex}")
    message(FATAL_ERROR "${SOURCE} fails with WAYBILL_MUST_FAIL=${number}, "
                        "but not with \"${regex}\":\n${output}")
  endif()
endforeach()
