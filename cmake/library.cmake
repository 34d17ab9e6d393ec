# etimedout_library(name SOURCES … LINKS …): one static library per folder, which states its
# dependencies, so that an arrow nobody declared does not link.
function(etimedout_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    foreach(source ${ARG_SOURCES})
        if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
            message(STATUS "${name}: ${source} is not written yet, library left out")
            return()
        endif()
    endforeach()
    add_library(etimedout_${name} STATIC ${ARG_SOURCES})
    target_include_directories(etimedout_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(etimedout_${name} PUBLIC ${ARG_LINKS} PRIVATE etimedout_warnings)
endfunction()
