# The imported targets, the same in the build tree and after installation.
# Reads _thingp2p_lib and _thingp2p_include: the directories of the libraries and of the header.
if(NOT TARGET thingp2p::shared)
  find_package(Threads REQUIRED)

  add_library(thingp2p::shared SHARED IMPORTED GLOBAL)
  set_target_properties(thingp2p::shared PROPERTIES
    IMPORTED_LOCATION "${_thingp2p_lib}/libthingp2p.so.1"
    IMPORTED_SONAME libthingp2p.so.1
    INTERFACE_INCLUDE_DIRECTORIES "${_thingp2p_include}")

  add_library(thingp2p::static STATIC IMPORTED GLOBAL)
  set_target_properties(thingp2p::static PROPERTIES
    IMPORTED_LOCATION "${_thingp2p_lib}/libthingp2p.a"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;resolv"
    INTERFACE_INCLUDE_DIRECTORIES "${_thingp2p_include}")

  add_library(thingp2p::thingp2p ALIAS thingp2p::shared)
endif()
