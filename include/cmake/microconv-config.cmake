# find_package(microconv) defines the target microconv::microconv: the header and the static library.
#
# Where it is installed (PREFIX/lib/cmake/microconv), the library is PREFIX/lib's. In the source tree, it is the one that
#     cargo rustc --profile capi --features capi --crate-type staticlib [--target TRIPLE]
# has built: set microconv_TARGET to the triple when there is one. microconv_LIBRARY names any other.
if(TARGET microconv::microconv)
  return()
endif()

get_filename_component(_microconv_source "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
get_filename_component(_microconv_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_path(microconv_INCLUDE_DIR microconv.h
  PATHS "${_microconv_source}/include" "${_microconv_prefix}/include" "${_microconv_prefix}/include/microconv"
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_library(microconv_LIBRARY NAMES libmicroconv.a microconv
  PATHS "${_microconv_source}/target/${microconv_TARGET}/capi" "${_microconv_prefix}/lib"
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(microconv REQUIRED_VARS microconv_LIBRARY microconv_INCLUDE_DIR)
if(microconv_FOUND)
  add_library(microconv::microconv STATIC IMPORTED)
  set_target_properties(microconv::microconv PROPERTIES
    IMPORTED_LOCATION "${microconv_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${microconv_INCLUDE_DIR}")
endif()
unset(_microconv_source)
unset(_microconv_prefix)
