// The header that every user of the hot path includes stays cheap to compile: it brings none of
// these four standard headers with it.
#include <waybill/propagator.hpp>

#if defined(_GLIBCXX_STRING)
#error "<waybill/propagator.hpp> includes <string>"
#endif
#if defined(_GLIBCXX_MEMORY)
#error "<waybill/propagator.hpp> includes <memory>"
#endif
#if defined(_GLIBCXX_FUNCTIONAL)
#error "<waybill/propagator.hpp> includes <functional>"
#endif
#if defined(_GLIBCXX_ATOMIC)
#error "<waybill/propagator.hpp> includes <atomic>"
#endif

// The guards above are those of libstdc++: with another standard library nothing would be tested.
#if !defined(_GLIBCXX_STRING_VIEW)
#error "this test knows the include guards of libstdc++ alone"
#endif

// That each of the four would be noticed.
#if WAYBILL_MUST_FAIL == 1
#include <string>
#if defined(_GLIBCXX_STRING)
#error "noticed <string>"
#endif
#elif WAYBILL_MUST_FAIL == 2
#include <memory>
#if defined(_GLIBCXX_MEMORY)
#error "noticed <memory>"
#endif
#elif WAYBILL_MUST_FAIL == 3
#include <functional>
#if defined(_GLIBCXX_FUNCTIONAL)
#error "noticed <functional>"
#endif
#elif WAYBILL_MUST_FAIL == 4
#include <atomic>
#if defined(_GLIBCXX_ATOMIC)
#error "noticed <atomic>"
#endif
#endif
