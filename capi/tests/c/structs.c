/* struct_size: a smaller struct of an older program and a larger one of a newer
 * program; not a byte is written past it. */
#include <stddef.h>

#include "pair.h"

#define GUARD 0xA5

static struct pair p;

union room {
  thing_p2p_info info;
  thing_p2p_peer peer;
  unsigned char bytes[2048];
};

static void check_untouched(const union room *r, size_t from) {
  size_t i;
  for (i = from; i < sizeof r->bytes; i++)
    if (r->bytes[i] != GUARD) {
      CHECK(!"written past struct_size");
      return;
    }
}

static void info_of_any_size(void) {
  uint32_t size;
  for (size = 0; size < sizeof(union room); size++) {
    union room r;
    memset(&r, GUARD, sizeof r);
    r.info.struct_size = size;
    if (size < 8) {
      CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_session_info(p.app, &r.info));
      check_untouched(&r, sizeof size);
      continue;
    }
    CHECK_IS(0, thing_p2p_session_info(p.app, &r.info));
    CHECK(r.info.struct_size == size);
    CHECK(r.info.path >= THING_P2P_PATH_LAN && r.info.path <= THING_P2P_PATH_RELAY);
    check_untouched(&r, size < sizeof r.info ? size : sizeof r.info);
  }
}

static void peer_of_any_size(void) {
  static const uint32_t sizes[] = {8, offsetof(thing_p2p_peer, app_id), sizeof(thing_p2p_peer), sizeof(union room)};
  unsigned i;
  for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    union room r;
    int app = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, NULL), dev;
    NEED(app > 0);
    memset(&r, GUARD, sizeof r);
    r.peer.struct_size = sizes[i];
    dev = thing_p2p_accept(p.device, PATIENCE_MS, &r.peer);
    CHECK(dev > 0);
    CHECK(r.peer.struct_size == sizes[i]);
    CHECK(memcmp(r.peer.uid, "test", 4) == 0);
    check_untouched(&r, sizes[i] < sizeof r.peer ? sizes[i] : sizeof r.peer);
    CHECK_IS(0, thing_p2p_disconnect(app));
    CHECK_IS(0, thing_p2p_disconnect(dev));
  }
}

int main(void) {
  pair_open(&p);
  RUN(info_of_any_size);
  RUN(peer_of_any_size);
  pair_close(&p);
  return CHECK_RESULT;
}
