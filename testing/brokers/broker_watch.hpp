#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "unique_descriptor.hpp"

namespace waybill_test {

/// The numbers of all processes that have `text` in their command line; zombies have none.
std::vector<std::string> processes_with(const std::string& text);

/// Takes a port of 127.0.0.1, as another program may.
/// @par Errors Throws std::system_error.
unique_descriptor listen_on(std::uint16_t port);

/// Waits until there is something to read, or an end.
bool readable_in_time(int descriptor,
                      std::chrono::milliseconds patience = std::chrono::seconds(30));

/// One line without its end.
/// @par Errors Throws std::runtime_error when no whole line comes in time.
std::string read_line(int descriptor,
                      std::chrono::milliseconds patience = std::chrono::seconds(30));

/// What becomes readable when the process ends; it is there now.
/// @par Errors Throws std::system_error.
unique_descriptor open_process(pid_t id);

}  // namespace waybill_test
