// Before the first client of a process Paho frees no property: what is lost then is Paho's. Asked
// by the sanitizer for leaks, where there is one.

// NOLINTNEXTLINE(*-identifier-naming,*-reserved-identifier,*-dcl37-c,*-dcl51-cpp): not our name
extern "C" const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3"; }
