/* pkg-config says where it is. */
#include <thingp2p.h>
