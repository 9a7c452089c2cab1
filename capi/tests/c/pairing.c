/* Who is paired with a device, and how that ends. */
#include <string.h>
#include <time.h>

#include "pair.h"

static struct pair p;

static void list(void) {
  thing_p2p_pairing all[3];
  CHECK_IS(0, thing_p2p_device_pairings(p.device, NULL, 0));
  pair_connect(&p);
  memset(all, 0x5a, sizeof all);
  all[0].struct_size = sizeof *all;
  CHECK_IS(1, thing_p2p_device_pairings(p.device, all, 3));
  CHECK(strcmp(all[0].uid, "tester") == 0 && strlen(all[0].app_id) == 52);
  CHECK_IS(1, all[0].sessions);
  CHECK(all[0].since > time(NULL) - PATIENCE_MS / 1000 && all[0].since <= time(NULL) + 1);
  CHECK(all[0].struct_size == sizeof *all);
  CHECK(all[1].struct_size == 0x5a5a5a5a && all[1].app_id[0] == 0x5a);
  CHECK_IS(1, thing_p2p_device_pairings(p.device, NULL, 0));
}

/* A program that knows a smaller struct, and one that knows a larger. */
static void list_of_any_size(void) {
  unsigned char bytes[1024];
  uint32_t size;
  for (size = 8; size < sizeof bytes; size++) {
    size_t i, known = size < sizeof(thing_p2p_pairing) ? size : sizeof(thing_p2p_pairing);
    memset(bytes, 0x5a, sizeof bytes);
    memcpy(bytes, &size, sizeof size);
    CHECK_IS(1, thing_p2p_device_pairings(p.device, (thing_p2p_pairing *)(void *)bytes, 1));
    for (i = known; i < sizeof bytes; i++)
      if (bytes[i] != 0x5a) break;
    CHECK(i == sizeof bytes);
  }
}

static void bad_arguments(void) {
  thing_p2p_pairing one;
  one.struct_size = 7;
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_pairings(p.device, &one, 1));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_pairings(p.device, NULL, 1));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_pairings(p.device, &one, -1));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_unpair(p.device, NULL));
  CHECK_IS(THING_P2P_ERR_INVALID_PARAMETER, thing_p2p_device_unpair(p.device, ""));
  CHECK_IS(THING_P2P_ERR_INVALID_ID, thing_p2p_device_unpair(p.device, "nobody"));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_pairings(p.app, NULL, 0));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_unpair(p.app, "nobody"));
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_device_reset_ticket(p.app));
}

static void unpair(void) {
  thing_p2p_pairing one;
  char id[THING_P2P_ID_SIZE], buffer[8];
  int app;
  one.struct_size = sizeof one;
  CHECK_IS(1, thing_p2p_device_pairings(p.device, &one, 1));
  CHECK_IS(0, thing_p2p_device_unpair(p.device, one.app_id));
  CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read(p.app, 0, buffer, sizeof buffer, PATIENCE_MS));
  CHECK_IS(THING_P2P_ERR_CLOSED_LOCAL, thing_p2p_read(p.dev, 0, buffer, sizeof buffer, PATIENCE_MS));
  CHECK_IS(0, thing_p2p_disconnect(p.app));
  CHECK_IS(0, thing_p2p_disconnect(p.dev));
  CHECK_IS(0, thing_p2p_device_pairings(p.device, NULL, 0));
  CHECK(thing_p2p_device_id(p.device, id, sizeof id) > 0);
  CHECK_IS(THING_P2P_ERR_AUTH, thing_p2p_connect_wait(id, 0, PATIENCE_MS, NULL));
  app = thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, NULL); /* which it still has */
  CHECK(app > 0);
  CHECK_IS(0, thing_p2p_disconnect(app));
}

static void reset_ticket(void) {
  char fresh[THING_P2P_TICKET_SIZE];
  thing_p2p_pairing one;
  int app;
  one.struct_size = sizeof one;
  CHECK_IS(0, thing_p2p_device_reset_ticket(p.device));
  CHECK(thing_p2p_device_ticket(p.device, fresh, sizeof fresh) > 0);
  CHECK(strcmp(fresh, p.ticket) != 0);
  CHECK_IS(1, thing_p2p_device_pairings(p.device, &one, 1));
  CHECK_IS(0, thing_p2p_device_unpair(p.device, one.app_id));
  CHECK_IS(THING_P2P_ERR_AUTH, thing_p2p_connect_wait(p.ticket, 0, PATIENCE_MS, NULL));
  app = thing_p2p_connect_wait(fresh, 0, PATIENCE_MS, NULL);
  CHECK(app > 0);
  CHECK_IS(0, thing_p2p_disconnect(app));
}

int main(void) {
  NEED(thing_p2p_init("tester") == THING_P2P_OK);
  p.device = device_online(p.ticket);
  RUN(list);
  RUN(list_of_any_size);
  RUN(bad_arguments);
  RUN(unpair);
  RUN(reset_ticket);
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(0, thing_p2p_device_close(p.device));
  return CHECK_RESULT;
}
