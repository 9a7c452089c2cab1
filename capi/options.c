/* The options: in C, since they can be set before Go runs, in a process that may still become another. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

#define PREFIX "THINGP2P_"
#define MAX_VALUE 4096

static int any_text(const char *value) { return value != NULL; }

static int is_on_or_off(const char *value) { return strcmp(value, "on") == 0 || strcmp(value, "off") == 0; }

static int is_relay(const char *value) {
  return strcmp(value, "auto") == 0 || strcmp(value, "never") == 0 || strcmp(value, "only") == 0;
}

static int is_off_or_ask(const char *value) { return strcmp(value, "off") == 0 || strcmp(value, "ask") == 0; }

/* Decimal digits only. */
static int is_number(const char *value, long least, long most) {
  long number = 0;
  if (*value == '\0') return 0;
  for (; *value != '\0'; value++) {
    if (*value < '0' || *value > '9') return 0;
    number = number * 10 + (*value - '0');
    if (number > most) return 0;
  }
  return number >= least;
}

static struct option {
  const char *key;
  int (*is_valid)(const char *value); /* NULL: a number */
  long least, most;
  int of_device;        /* whether a device may have its own */
  char *value;          /* NULL: not set */
  const char *rejected; /* its environment variable, if that has a bad value */
} options[] = {
    {"server", tp2p_is_server, 0, 0, 1, NULL, NULL},
    {"state_dir", any_text, 0, 0, 0, NULL, NULL},
    {"ca_file", any_text, 0, 0, 1, NULL, NULL},
    {"lan", is_on_or_off, 0, 0, 1, NULL, NULL},
    {"lan_port", NULL, 1, 65535, 1, NULL, NULL},
    {"port_mapping", is_on_or_off, 0, 0, 1, NULL, NULL},
    {"relay", is_relay, 0, 0, 1, NULL, NULL},
    {"strangers", is_off_or_ask, 0, 0, 1, NULL, NULL},
    {"max_sessions", NULL, 1, 65536, 1, NULL, NULL},
    {"max_sessions_per_app", NULL, 1, 65536, 1, NULL, NULL},
    {"accept_backlog", NULL, 1, 65536, 1, NULL, NULL},
    {"offline_ms", NULL, 1000, 3600000, 1, NULL, NULL},
    {"send_buffer", NULL, 4096, 64 << 20, 1, NULL, NULL},
    {"log", tp2p_is_log, 0, 0, 0, NULL, NULL},
};

#define COUNT (sizeof options / sizeof *options)

static int is_valid(const struct option *option, const char *value) {
  if (strnlen(value, MAX_VALUE + 1) > MAX_VALUE) return 0;
  return option->is_valid == NULL ? is_number(value, option->least, option->most) : option->is_valid(value);
}

static int store(struct option *option, const char *value) {
  char *copy = strdup(value);
  if (copy == NULL) return THING_P2P_ERR_NO_MEMORY;
  tp2p_lock();
  free(option->value);
  option->value = copy;
  if (option->is_valid == tp2p_is_log) tp2p_log_to(copy);
  tp2p_unlock();
  return THING_P2P_OK;
}

static struct option *find(const char *key) {
  size_t i;
  for (i = 0; i < COUNT; i++)
    if (strcmp(options[i].key, key) == 0) return &options[i];
  return NULL;
}

static int set(const char *key, const char *value) {
  struct option *option = find(key);
  if (option == NULL || !is_valid(option, value)) return THING_P2P_ERR_INVALID_PARAMETER;
  if (option->is_valid == tp2p_is_log && !tp2p_log_opens(value)) return THING_P2P_ERR_INVALID_PARAMETER;
  return store(option, value);
}

int tp2p_set_option(const char *key, const char *value) {
  tp2p_quiet before;
  int code;
  tp2p_go_quiet(&before, 0); /* a thread that is cancelled on the way would leave a copy, or an open file */
  code = set(key, value);
  tp2p_be_back(&before);
  return code;
}

int tp2p_is_device_option(const char *key, const char *value) {
  const struct option *option = find(key);
  return option != NULL && option->of_device && is_valid(option, value);
}

char *tp2p_option(const char *key) {
  struct option *option = find(key);
  char *copy = NULL;
  tp2p_lock();
  if (option != NULL && option->value != NULL) copy = strdup(option->value);
  tp2p_unlock();
  return copy;
}

/* The value in "THINGP2P_KEY=value", or NULL. */
static const char *value_of(const char *variable, const char *key) {
  if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0) return NULL;
  for (variable += strlen(PREFIX); *key != '\0'; variable++, key++)
    if (*variable != (*key == '_' ? '_' : *key - 'a' + 'A')) return NULL;
  return *variable == '=' ? variable + 1 : NULL;
}

void tp2p_read_environment(void) {
  char *const *variable;
  size_t i;
  for (variable = tp2p_environment(); *variable != NULL; variable++) {
    for (i = 0; i < COUNT; i++) {
      const char *value = value_of(*variable, options[i].key);
      if (value == NULL) continue;
      options[i].rejected = is_valid(&options[i], value) ? NULL : *variable;
      if (options[i].rejected == NULL) store(&options[i], value);
    }
  }
}

const char *tp2p_rejected(int i) {
  size_t n;
  for (n = 0; n < COUNT; n++)
    if (options[n].rejected != NULL && i-- == 0) return options[n].rejected;
  return NULL;
}
