# Build options, the language, and what applies to every target of ours.

option(COTERIE_BUILD_TESTS "Build the tests" ON)
option(COTERIE_BUILD_BENCH "Build the benchmarks" OFF)
option(COTERIE_BUILD_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
set(COTERIE_SANITIZE "" CACHE STRING "Sanitizers: empty, `address,undefined` or `thread`")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(COTERIE_SANITIZE)
  add_compile_options(-fsanitize=${COTERIE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COTERIE_SANITIZE})
  add_compile_definitions(COTERIE_SANITIZED)
endif()

# ccache needs this to key objects that use a precompiled header by the header's text.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
