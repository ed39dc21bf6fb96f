#pragma once

// The whole of the plain second reading of docs/formats.md; reference/text.hpp says what it is.
#include "reference/baggage.hpp"
#include "reference/boundary.hpp"
#include "reference/headers.hpp"
#include "reference/list.hpp"
#include "reference/names.hpp"
#include "reference/percent.hpp"
#include "reference/text.hpp"
#include "reference/traceparent.hpp"
#include "reference/tracestate.hpp"
