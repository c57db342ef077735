# coterie::warnings: linked privately by every target of ours, never by third-party code.
add_library(coterie_warnings INTERFACE)
add_library(coterie::warnings ALIAS coterie_warnings)
target_compile_options(coterie_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wcast-qual
  -Wformat=2 -Wundef
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these in optimised std::string and std::variant code (GCC
  # bugs 105329, 105562 and 105762).
  set(COTERIE_FALSE_POSITIVES -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow)
  target_compile_options(coterie_warnings INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:${COTERIE_FALSE_POSITIVES}>")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's std::stable_sort uses what it declares deprecated itself.
  target_compile_options(coterie_warnings INTERFACE -Wno-deprecated-declarations)
endif()
if(COTERIE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Boost.Asio uses fences, which TSan does not model; Asio avoids them when it sees TSan.
  target_compile_options(coterie_warnings INTERFACE -Wno-tsan)
endif()
