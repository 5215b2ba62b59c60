# find_package(microconv) defines the target microconv::microconv: the header and the library.
#
# Where it is installed (PREFIX/lib/cmake/microconv or PREFIX/share/cmake/microconv), the library is PREFIX/lib's, the static one if
# there is one. In the source tree, it is the one that
#     cargo rustc --profile capi --features capi --crate-type staticlib [--target TRIPLE]
# has built, or else that of the profile firmware: set microconv_TARGET to the triple when there is one, and microconv_PROFILE to the
# profile when both are there. microconv_LIBRARY names any other.
if(TARGET microconv::microconv)
  return()
endif()

get_filename_component(_microconv_source "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
get_filename_component(_microconv_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(_microconv_built "${_microconv_source}/target/${microconv_TARGET}")
if(microconv_PROFILE)
  set(_microconv_paths "${_microconv_built}/${microconv_PROFILE}")
else()
  set(_microconv_paths "${_microconv_built}/capi" "${_microconv_built}/firmware"
    "${_microconv_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" "${_microconv_prefix}/lib")
endif()
find_path(microconv_INCLUDE_DIR microconv.h
  PATHS "${_microconv_source}/include" "${_microconv_prefix}/include" "${_microconv_prefix}/include/microconv"
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_library(microconv_LIBRARY NAMES libmicroconv.a microconv
  PATHS ${_microconv_paths}
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(microconv
  REQUIRED_VARS microconv_LIBRARY microconv_INCLUDE_DIR VERSION_VAR microconv_VERSION)
if(microconv_FOUND)
  add_library(microconv::microconv UNKNOWN IMPORTED)
  set_target_properties(microconv::microconv PROPERTIES
    IMPORTED_LOCATION "${microconv_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${microconv_INCLUDE_DIR}")
endif()
unset(_microconv_source)
unset(_microconv_prefix)
unset(_microconv_built)
unset(_microconv_paths)
