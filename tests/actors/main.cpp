// The main program of the actors' tests: CAF's runner, and our messages.

#define CAF_TEST_NO_MAIN

#include "actors/message_ids.hpp"

#include "caf/test/unit_test_impl.hpp"

int main(int argc, char** argv) {
  coterie::actors::register_messages();
  return caf::test::main(argc, argv);
}
