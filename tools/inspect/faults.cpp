#include "faults.hpp"

#include "field_faults.hpp"

namespace waybill::tool {

fault_list find_faults(const header_list& headers, const inspection& seen) {
  fault_list found;
  for (std::size_t i = 0; i < seen.formats.fields().size(); ++i) {
    const std::string_view field = seen.formats.fields()[i].name;
    const errc code = seen.report.fields[i];
    if (code == errc::ok || code == errc::absent) continue;
    const std::size_t count_before = found.faults.size();
    const joined_values values(headers, seen.formats, field, limits{}.field_scan_bytes_max);
    if (field == "traceparent") {
      found.faults.push_back(traceparent_fault(values, code));
    } else if (field == "tracestate") {
      found.faults.push_back(tracestate_fault(values, code, seen));
    } else if (field == "baggage") {
      add_baggage_faults(values, found.faults);
      const std::size_t dropped = seen.report.members_dropped;
      if (dropped > shown_members_max) found.members_not_shown = dropped - shown_members_max;
    }
    if (found.faults.size() == count_before) {
      found.faults.push_back({field, code, std::string(message(code)), {}, {}});
    }
    for (std::size_t j = count_before; j < found.faults.size(); ++j) found.faults[j].field = field;
  }
  return found;
}

}  // namespace waybill::tool
