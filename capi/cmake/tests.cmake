# What CTest runs: the C tests and the programs in other languages, through their Go drivers, against the libraries that
# this build made; and a consumer project for each way to use the library.
find_program(GO_EXECUTABLE go REQUIRED)

set(_go_env "CC=${CMAKE_C_COMPILER}" "THINGP2P_BUILD_DIR=${_thingp2p_lib}")
file(GLOB_RECURSE _drivers RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS capi/tests/*_test.go)
set(_packages)
foreach(_driver IN LISTS _drivers)
  get_filename_component(_package ${_driver} DIRECTORY)
  list(APPEND _packages ${_package})
endforeach()
list(REMOVE_DUPLICATES _packages)
foreach(_package IN LISTS _packages)
  add_test(NAME ${_package} COMMAND ${CMAKE_COMMAND} -E env ${_go_env} ${GO_EXECUTABLE} test -count=1 -v ./${_package}
           WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${_package} PROPERTIES TIMEOUT 3600)
  if(NOT _package STREQUAL capi/tests/bindings)
    set_tests_properties(${_package} PROPERTIES LABELS long)
  endif()
endforeach()

# The prefix that the consumers find the library in.
set(_prefix ${CMAKE_CURRENT_BINARY_DIR}/consumer/prefix)
add_test(NAME install COMMAND ${CMAKE_COMMAND} --install ${CMAKE_CURRENT_BINARY_DIR} --prefix ${_prefix})
set_tests_properties(install PROPERTIES FIXTURES_SETUP installed)

function(add_consumer name)
  add_test(NAME consumer/${name} COMMAND ${ARGN})
  set_tests_properties(consumer/${name} PROPERTIES FIXTURES_REQUIRED installed TIMEOUT 3600)
endfunction()

foreach(_way find_package add_subdirectory)
  set(_dir ${CMAKE_CURRENT_BINARY_DIR}/consumer/${_way})
  add_consumer(${_way}
    ${CMAKE_CTEST_COMMAND}
    --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/capi/tests/consumer ${_dir}
    --build-generator ${CMAKE_GENERATOR} --build-makeprogram ${CMAKE_MAKE_PROGRAM}
    --build-options -DWAY=${_way} -DCMAKE_PREFIX_PATH=${_prefix} -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
                    -DTHINGP2P_SOURCE=${CMAKE_CURRENT_SOURCE_DIR}
    --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error)
endforeach()

find_program(PKG_CONFIG_EXECUTABLE NAMES pkg-config pkgconf)
if(PKG_CONFIG_EXECUTABLE)
  add_consumer(pkg_config ${CMAKE_COMMAND} -E env "CC=${CMAKE_C_COMPILER}" "PKG_CONFIG=${PKG_CONFIG_EXECUTABLE}"
    ${CMAKE_CURRENT_SOURCE_DIR}/capi/tests/consumer/pkg_config.sh
    ${_prefix}/${CMAKE_INSTALL_LIBDIR} ${CMAKE_CURRENT_BINARY_DIR}/consumer/pkg_config)
endif()

if(CMAKE_INSTALL_LIBDIR STREQUAL lib)
  add_consumer(same_files ${CMAKE_COMMAND} -E env "CC=${CMAKE_C_COMPILER}"
    ${CMAKE_CURRENT_SOURCE_DIR}/capi/tests/consumer/same_files.sh
    ${CMAKE_CURRENT_SOURCE_DIR} ${_thingp2p_lib} ${_prefix} ${CMAKE_CURRENT_BINARY_DIR}/consumer/same_files)
endif()
