# What `cmake --install` puts where; the same as capi/scripts/install.sh.
set(VERSION ${PROJECT_VERSION})
set(MAJOR ${PROJECT_VERSION_MAJOR})
set(LIBDIR ${CMAKE_INSTALL_LIBDIR})
set(INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
set(_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/thingp2p)

# Relative, so that the installed tree can be moved.
file(RELATIVE_PATH PREFIX_FROM_PKGCONFIG /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
file(RELATIVE_PATH PREFIX_FROM_CONFIG /p/${_config_dir} /p)
foreach(_file thingp2p.pc thingp2pConfig.cmake thingp2pConfigVersion.cmake)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${_file}.in ${CMAKE_CURRENT_BINARY_DIR}/install/${_file} @ONLY)
endforeach()

install(FILES include/thingp2p.h include/thingp2p.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/thingp2p DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(PROGRAMS ${_thingp2p_lib}/libthingp2p.so.${PROJECT_VERSION} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${_thingp2p_lib}/libthingp2p.so.1 ${_thingp2p_lib}/libthingp2p.so ${_thingp2p_lib}/libthingp2p.a
        DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/install/thingp2p.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/thingp2pTargets.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/install/thingp2pConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/install/thingp2pConfigVersion.cmake
        DESTINATION ${_config_dir})
if(THINGP2P_SERVER)
  install(PROGRAMS ${_thingp2p_lib}/thingp2pd DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
