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
