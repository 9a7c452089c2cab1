/* Prints the codes that the library knows, for the driver to compare with the
 * engine's, and checks the texts of all others. */
#include <limits.h>
#include <string.h>

#include "check.h"

static void every_int_has_texts(void) {
  static const int extremes[] = {INT_MIN, INT_MIN + 1, INT_MAX, INT_MAX - 1};
  unsigned i;
  int code;
  for (code = -100000; code <= 100000; code++) {
    CHECK(thing_p2p_strerror(code) != NULL && thing_p2p_strerror(code)[0] != '\0');
    CHECK(thing_p2p_error_name(code) != NULL && strncmp(thing_p2p_error_name(code), "THING_P2P_", 10) == 0);
  }
  for (i = 0; i < sizeof extremes / sizeof *extremes; i++) {
    CHECK(strcmp(thing_p2p_error_name(extremes[i]), "THING_P2P_ERR_UNKNOWN") == 0);
    CHECK(thing_p2p_strerror(extremes[i]) != NULL);
  }
}

static void names_match_the_header(void) {
  CHECK(strcmp(thing_p2p_error_name(THING_P2P_OK), "THING_P2P_OK") == 0);
  CHECK(strcmp(thing_p2p_error_name(THING_P2P_ERR_TIMEOUT), "THING_P2P_ERR_TIMEOUT") == 0);
  CHECK(strcmp(thing_p2p_error_name(THING_P2P_ERR_INTERNAL), "THING_P2P_ERR_INTERNAL") == 0);
}

static void version_matches_the_header(void) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", THING_P2P_VERSION_MAJOR, THING_P2P_VERSION_MINOR, THING_P2P_VERSION_PATCH);
  CHECK(strcmp(text, THING_P2P_VERSION) == 0);
  CHECK(strcmp(text, thing_p2p_version()) == 0);
}

int main(void) {
  int code;
  RUN(every_int_has_texts);
  RUN(names_match_the_header);
  RUN(version_matches_the_header);
  printf("version\t%s\n", thing_p2p_version());
  for (code = -1000; code <= 1000; code++)
    if (strcmp(thing_p2p_error_name(code), "THING_P2P_ERR_UNKNOWN") != 0)
      printf("code\t%d\t%s\t%s\n", code, thing_p2p_error_name(code), thing_p2p_strerror(code));
  return CHECK_RESULT;
}
