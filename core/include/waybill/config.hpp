#pragma once

/// Version of the headers. The library reports its own by waybill::version().
#define WAYBILL_VERSION_MAJOR 0
#define WAYBILL_VERSION_MINOR 1
#define WAYBILL_VERSION_PATCH 0

// Only a shared library needs its symbols marked: marking them in a static one would make every
// shared object that links it export them again.
#if defined(WAYBILL_SHARED)
#define WAYBILL_API __attribute__((visibility("default")))
#else
#define WAYBILL_API
#endif

// User code that the library calls back may throw; the library never lets that through. With
// exceptions switched off there is nothing to catch.
#if defined(__cpp_exceptions)
#define WAYBILL_TRY try
#define WAYBILL_CATCH_ALL catch (...)
#else
#define WAYBILL_TRY if constexpr (true)
#define WAYBILL_CATCH_ALL else
#endif
