# Warnings, as errors, for every target of this project.
add_library(etimedout_warnings INTERFACE)
target_compile_options(etimedout_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Wcast-qual -Wformat=2 -Wnull-dereference -Werror
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
    # Aggregates with default member initialisers are how options are passed here.
    -Wno-missing-field-initializers
    # From -O2 on, and with what a sanitizer inserts, GCC 12 finds these in its own std::string
    # and in Boost's result, where they are not; the dev preset keeps them.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-null-dereference -Wno-restrict>)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(etimedout_warnings INTERFACE
        -Wno-null-dereference -Wno-restrict -Wno-maybe-uninitialized)
endif()
# Clang calls it shadowing when two files that are compiled together have a constant of one name each,
# in a namespace without a name; GCC warns of what is shadowed within a file.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(etimedout_warnings INTERFACE -Wno-shadow)
endif()
# Of UndefinedBehaviorSanitizer's checks this one and coroutines do not go together in clang 14
# (https://github.com/llvm/llvm-project/issues/49689).
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,]*undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(etimedout_warnings INTERFACE -fno-sanitize=function)
endif()

# etimedout_null_pointers_of_others(FILE…): sources in which GCC 12 sees null pointers of Asio or
# CLI11 when it optimises. What a file has options of its own for is compiled apart from the other
# files of its folder, so this is set only where no unity build is asked for.
function(etimedout_null_pointers_of_others)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_UNITY_BUILD)
        set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -Wno-null-dereference)
    endif()
endfunction()
