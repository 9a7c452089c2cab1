/* Keys and values of options. The driver sets THINGP2P_RELAY to a bad value and
 * THINGP2P_SERVER to one that only the environment knows. No server is needed. */
#include <string.h>

#include "outcome.h"

#define BAD THING_P2P_ERR_INVALID_PARAMETER

static struct flag warned = FLAG_INIT;

static void on_log(int level, const char *line, void *user) {
  (void)user;
  if (level == THING_P2P_LOG_WARN && strstr(line, "THINGP2P_RELAY") != NULL) flag_raise(&warned);
}

static void bad_variable_is_logged(void) {
  int device;
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_WARN, on_log, NULL));
  device = thing_p2p_device_open(NULL);
  CHECK(device > 0);
  CHECK(flag_wait(&warned));
  CHECK_IS(THING_P2P_OK, thing_p2p_set_log(THING_P2P_LOG_OFF, NULL, NULL));
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
}

static void ticket_of_new_device(char ticket[THING_P2P_TICKET_SIZE]) {
  int device = thing_p2p_device_open(NULL);
  NEED(device > 0);
  CHECK(thing_p2p_device_ticket(device, ticket, THING_P2P_TICKET_SIZE) > 0);
  CHECK_IS(THING_P2P_OK, thing_p2p_device_close(device));
}

/* The server is part of the ticket, so a longer one makes a longer ticket. */
static void call_overrides_variable(void) {
  char from_variable[THING_P2P_TICKET_SIZE], from_call[THING_P2P_TICKET_SIZE], without[THING_P2P_TICKET_SIZE];
  ticket_of_new_device(from_variable);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("server", "mqtt://a-much-longer-name-than-before.invalid:1883"));
  ticket_of_new_device(from_call);
  CHECK_IS(THING_P2P_OK, thing_p2p_set_option("server", ""));
  ticket_of_new_device(without);
  CHECK(strlen(from_call) > strlen(from_variable));
  CHECK(strlen(from_variable) > strlen(without));
}

static void keys(void) {
  CHECK_IS(BAD, thing_p2p_set_option(NULL, "on"));
  CHECK_IS(BAD, thing_p2p_set_option("lan", NULL));
  CHECK_IS(BAD, thing_p2p_set_option(NULL, NULL));
  CHECK_IS(BAD, thing_p2p_set_option("", "on"));
  CHECK_IS(BAD, thing_p2p_set_option("LAN", "on"));
  CHECK_IS(BAD, thing_p2p_set_option("no_such_key", "on"));
}

static void values(void) {
  static const struct { const char *key, *value; int want; } table[] = {
    {"server", "mqtt://127.0.0.1", 0}, {"server", "mqtts://user:password@host:8883", 0}, {"server", "ws://host:80", 0},
    {"server", "wss://host", 0}, {"server", "http://host", BAD}, {"server", "mqtt://", BAD}, {"server", "host:1883", BAD},
    {"server", "mqtt://host:99999", BAD}, {"server", "", 0},
    {"state_dir", "/somewhere", 0}, {"state_dir", "", 0}, {"ca_file", "/somewhere.pem", 0}, {"ca_file", "", 0},
    {"lan", "off", 0}, {"lan", "on", 0}, {"lan", "", BAD}, {"lan", "yes", BAD}, {"lan", "ON", BAD},
    {"port_mapping", "off", 0}, {"port_mapping", "on", 0}, {"port_mapping", "", BAD}, {"port_mapping", "pcp", BAD},
    {"lan_port", "1", 0}, {"lan_port", "65535", 0}, {"lan_port", "0", BAD}, {"lan_port", "65536", BAD}, {"lan_port", "47474", 0},
    {"relay", "never", 0}, {"relay", "only", 0}, {"relay", "auto", 0}, {"relay", "maybe", BAD}, {"relay", "", BAD},
    {"strangers", "ask", 0}, {"strangers", "off", 0}, {"strangers", "on", BAD}, {"strangers", "", BAD},
    {"max_sessions", "1", 0}, {"max_sessions", "65536", 0}, {"max_sessions", "1024", 0}, {"max_sessions", "0", BAD},
    {"max_sessions", "65537", BAD}, {"max_sessions", "-1", BAD}, {"max_sessions", "1x", BAD}, {"max_sessions", "", BAD},
    {"max_sessions", " 1", BAD}, {"max_sessions", "99999999999999999999", BAD},
    {"max_sessions_per_app", "1", 0}, {"max_sessions_per_app", "65536", 0}, {"max_sessions_per_app", "64", 0},
    {"max_sessions_per_app", "0", BAD}, {"max_sessions_per_app", "65537", BAD},
    {"accept_backlog", "1", 0}, {"accept_backlog", "65536", 0}, {"accept_backlog", "128", 0},
    {"accept_backlog", "0", BAD}, {"accept_backlog", "65537", BAD}, {"accept_backlog", "many", BAD},
    {"offline_ms", "1000", 0}, {"offline_ms", "3600000", 0}, {"offline_ms", "30000", 0}, {"offline_ms", "999", BAD},
    {"offline_ms", "3600001", BAD}, {"offline_ms", "1e4", BAD},
    {"send_buffer", "4096", 0}, {"send_buffer", "67108864", 0}, {"send_buffer", "262144", 0}, {"send_buffer", "4095", BAD},
    {"send_buffer", "67108865", BAD}, {"send_buffer", "0x10000", BAD},
    {"log", "debug", 0}, {"log", "debug:/dev/null", 0}, {"log", "info", 0}, {"log", "warn", 0}, {"log", "error", 0},
    {"log", "off", 0}, {"log", "", BAD}, {"log", "debug:", BAD}, {"log", "loud", BAD}, {"log", "Debug", BAD},
    {"log", "debug:/no/such/directory/file", BAD}, {"log", ":/dev/null", BAD},
  };
  unsigned i;
  for (i = 0; i < sizeof table / sizeof *table; i++) {
    int got = thing_p2p_set_option(table[i].key, table[i].value);
    if (got != table[i].want) printf("  %s=%s\n", table[i].key, table[i].value);
    CHECK_IS(table[i].want, got);
  }
}

int main(void) {
  RUN(bad_variable_is_logged);
  RUN(call_overrides_variable);
  RUN(keys);
  RUN(values);
  return CHECK_RESULT;
}
