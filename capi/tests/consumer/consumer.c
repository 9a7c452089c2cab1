#include <stdio.h>
#include <string.h>
#include <thingp2p.h>

int main(void)
{
  printf("thingp2p %s\n", thing_p2p_version());
  return strcmp(thing_p2p_version(), THING_P2P_VERSION) != 0;
}
