# Language, warnings and sanitizers, the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

option(FAREGATE_TESTS "Build the tests" ON)
option(FAREGATE_BENCH "Build the benchmarks" OFF)
option(FAREGATE_FUZZ "Build the fuzzers (clang only)" OFF)
set(FAREGATE_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=: address,undefined or thread")

find_program(FAREGATE_CCACHE ccache)
if(FAREGATE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${FAREGATE_CCACHE}")
endif()

add_library(faregate_options INTERFACE)
target_compile_options(
    faregate_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
                               -Wold-style-cast -Wimplicit-fallthrough -Werror
)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(faregate_options INTERFACE -Wthread-safety)
else()
    # False alarms of g++ 12: about the frames of coroutines, once it inlines their operator delete
    # and not their operator new, and about "literal" + std::string (its bug 105651).
    target_compile_options(
        faregate_options
        INTERFACE $<$<NOT:$<CONFIG:Debug>>:-Wno-mismatched-new-delete> -Wno-restrict
    )
endif()
if(FAREGATE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers, g++ sees uninitialized values where there are none (std::regex).
    target_compile_options(faregate_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(FAREGATE_SANITIZE)
    target_compile_options(
        faregate_options INTERFACE -fsanitize=${FAREGATE_SANITIZE} -fno-omit-frame-pointer
                                   -fno-sanitize-recover=all
    )
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        # clang-14 cannot compile this one of the checks into coroutines.
        target_compile_options(faregate_options INTERFACE -fno-sanitize=function)
    endif()
    target_link_options(faregate_options INTERFACE -fsanitize=${FAREGATE_SANITIZE})
endif()
if(FAREGATE_FUZZ)
    # A fuzzer follows what an input reaches in the modules, not in its own file alone.
    target_compile_options(faregate_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
