/* Says something to the log and ends at once; it has no log of its own. The driver sets THINGP2P_LOG. With an argument,
 * the log is set by the option, and stderr is a pipe that nobody reads. */
#include <stdlib.h>
#include <unistd.h>

#include "thingp2p.h"

static int break_stderr(void) {
  int ends[2];
  return pipe(ends) == 0 && close(ends[0]) == 0 && dup2(ends[1], STDERR_FILENO) >= 0 && close(ends[1]) == 0;
}

int main(int argc, char **argv) {
  int device;
  if (argc > 1 && (!break_stderr() || thing_p2p_set_option("log", argv[1]) != THING_P2P_OK)) return 1;
  device = thing_p2p_device_open(NULL);
  if (device < 1 || thing_p2p_device_listen(device) != THING_P2P_OK || thing_p2p_device_close(device) != THING_P2P_OK) return 2;
  if (thing_p2p_device_open("/dev/null/not a directory") >= 0) return 3;
  _Exit(0);
}
