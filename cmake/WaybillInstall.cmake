# The package around the components: what find_package(waybill COMPONENTS ...) reads.

include(CMakePackageConfigHelpers)

# A component that was left out is known as well: whoever asks for it learns that it is not here.
set(waybill_components ${waybill_libraries} ${waybill_adapter_components})
set(waybill_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/waybill")
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/waybill-config.cmake.in" "${PROJECT_BINARY_DIR}/waybill-config.cmake"
  INSTALL_DESTINATION "${waybill_package_dir}"
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 every minor version may change the ABI, so it has to be asked for by name.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/waybill-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/waybill-config.cmake"
        "${PROJECT_BINARY_DIR}/waybill-config-version.cmake"
  DESTINATION "${waybill_package_dir}"
  COMPONENT core_dev)
install(
  FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  COMPONENT license)
if(PROJECT_IS_TOP_LEVEL)
  include(WaybillPackages)
endif()
