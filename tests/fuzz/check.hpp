#pragma once

// What a fuzz target claims must hold in every build.

#include <cstdio>
#include <cstdlib>

#define FUZZ_CHECK(claim)                                                                          \
  do {                                                                                             \
    if (!(claim)) {                                                                                \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim);              \
      std::abort();                                                                                \
    }                                                                                              \
  } while (false)
