// The main program of every test binary: CAF's own runner.

#define CAF_TEST_NO_MAIN

#include "caf/init_global_meta_objects.hpp"
#include "caf/test/unit_test_impl.hpp"

int main(int argc, char** argv) {
  caf::core::init_global_meta_objects();
  return caf::test::main(argc, argv);
}
