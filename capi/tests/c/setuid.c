/* A program with more rights than who starts it: what he has set in the environment is not for the library. */
#include <unistd.h>

#include "check.h"
#include "thingp2p.h"

static void opens_a_device(void) {
  int device = thing_p2p_device_open(NULL);
  CHECK_IS(0, geteuid());
  CHECK(getuid() != 0);
  CHECK(device > 0);
  CHECK_IS(0, thing_p2p_device_close(device));
}

static void is_an_app(void) {
  CHECK_IS(0, thing_p2p_init("app"));
  CHECK_IS(0, thing_p2p_deinit());
}

int main(void) {
  RUN(opens_a_device);
  RUN(is_an_app);
  return CHECK_RESULT;
}
