# What is installed, and the Debian package (`cpack -G DEB` in the build folder).
include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATADIR}/etimedout)

install(TARGETS etimedout)

# The virtual kernel is built on the user's machine: its script finds options and patches beside it.
set(kernel ${PROJECT_SOURCE_DIR}/simulator/vm/kernel)
file(GLOB kernel_patches CONFIGURE_DEPENDS ${kernel}/*.patch)
install(PROGRAMS ${kernel}/build.sh DESTINATION ${share}/kernel)
install(FILES ${kernel}/options ${kernel}/COPYING ${kernel_patches} DESTINATION ${share}/kernel)

install(DIRECTORY scenarios DESTINATION ${share} USE_SOURCE_PERMISSIONS
        PATTERN node_modules EXCLUDE)
install(FILES docs/language.schema.json DESTINATION ${share})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Written by the program itself, from its table of commands.
set(generated ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})
function(etimedout_generated file folder)
    add_custom_command(OUTPUT ${generated}/${file}
        COMMAND etimedout ${ARGN} > ${generated}/${file}
        DEPENDS etimedout VERBATIM)
    set_property(GLOBAL APPEND PROPERTY etimedout_generated ${generated}/${file})
    install(FILES ${generated}/${file} DESTINATION ${folder})
endfunction()
etimedout_generated(etimedout.1 ${CMAKE_INSTALL_MANDIR}/man1 man)
etimedout_generated(etimedout ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    completions bash)
etimedout_generated(_etimedout ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions completions zsh)
etimedout_generated(etimedout.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    completions fish)
get_property(generated_files GLOBAL PROPERTY etimedout_generated)
add_custom_target(man_and_completions ALL DEPENDS ${generated_files})

# What building the kernel takes is said once, in its script.
file(STRINGS ${kernel}/build.sh series REGEX "^readonly series=")
string(REPLACE "readonly series=" "linux-source-" kernel_packages "${series}")
list(APPEND kernel_packages libc6-dev)
file(STRINGS ${kernel}/build.sh tools REGEX "^[a-z]+ [a-z0-9-]+$")
list(FILTER tools EXCLUDE REGEX "^readonly ")
foreach(tool ${tools})
    string(REGEX REPLACE "^[a-z]+ " "" package ${tool})
    list(APPEND kernel_packages ${package})
endforeach()
list(JOIN kernel_packages ", " kernel_packages)

set(CPACK_PACKAGE_NAME etimedout)
set(CPACK_PACKAGE_CONTACT "The etimedout contributors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "network faults for programs, and checks of their timeouts")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "nftables, libcurl4")  # loaded when needed
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "${kernel_packages}, iptables, ipset")
include(CPack)
