#include "inspection.hpp"

namespace waybill::tool {

bool inspection::is_good() const noexcept {
  if (report.members_dropped > 0) return false;
  for (std::size_t i = 0; i < formats.fields().size(); ++i) {
    if (report.fields[i] != errc::ok && report.fields[i] != errc::absent) return false;
  }
  return true;
}

inspection inspect(const header_list& headers, const propagator& formats) {
  inspection made;
  made.formats = formats;
  made.understood = formats.extract(headers, limits{}, &made.report);
  formats.inject(made.understood, made.sent_on);
  return made;
}

}  // namespace waybill::tool
