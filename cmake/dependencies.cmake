# Libraries, as imported targets; Debian 12 has all of them.
set(BOOST_ROOT /usr CACHE PATH "Boost 1.81 or newer")
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libnl REQUIRED IMPORTED_TARGET libnl-3.0 libnl-route-3.0)
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(libcurl REQUIRED libcurl)  # its header; it is loaded when needed
pkg_check_modules(libpcap REQUIRED IMPORTED_TARGET libpcap)
pkg_check_modules(ldns REQUIRED IMPORTED_TARGET ldns)
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET openssl>=3.0)
find_package(CLI11 REQUIRED)
