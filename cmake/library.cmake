# etimedout_library(name SOURCES … LINKS …): one static library per folder, which states its
# dependencies, so that an arrow nobody declared does not link.
function(etimedout_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    add_library(etimedout_${name} STATIC ${ARG_SOURCES})
    target_include_directories(etimedout_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(etimedout_${name} PUBLIC ${ARG_LINKS} PRIVATE etimedout_warnings)
endfunction()
