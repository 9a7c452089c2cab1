/* Whether a text is the address of a server: Go has the last word when it dials (engine/signal/server.go), and uses all
 * that is accepted here. A fuzz test compares the two. */
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shim.h"

#define MAX_SERVER 200 /* so that a ticket has room for it, as it would be written in full */
#define PIN_LENGTH 43  /* of 32 bytes in base64url */

static const char digits[] = "0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char plain[] = "-._~!$&'()*+,="; /* what stands for itself in all parts, beside letters and digits */

static int is_one_of(char c, const char *set) { return c != '\0' && strchr(set, c) != NULL; }

static int is_plain(char c) { return is_one_of(c, letters) || is_one_of(c, digits) || is_one_of(c, plain); }

/* A part of the address, not ended by a NUL. */
struct part {
  const char *from, *to;
};

static struct part part_of(const char *from, const char *to) {
  struct part p;
  p.from = from;
  p.to = to;
  return p;
}

static const char *find_in(struct part p, char c) {
  while (p.from < p.to && *p.from != c) p.from++;
  return p.from;
}

static const char *find_last(struct part p, char c) {
  const char *at = p.to;
  while (at > p.from)
    if (*--at == c) return at;
  return NULL;
}

/* Characters that stand for themselves, those of `more`, and %XX. */
static int is_made_of(struct part p, const char *more) {
  static const char hex[] = "0123456789abcdefABCDEF";
  for (; p.from < p.to; p.from++) {
    if (*p.from == '%') {
      if (p.to - p.from < 3 || !is_one_of(p.from[1], hex) || !is_one_of(p.from[2], hex)) return 0;
      p.from += 2;
    } else if (!is_plain(*p.from) && !is_one_of(*p.from, more)) {
      return 0;
    }
  }
  return 1;
}

/* As is_made_of, but also anything printable or beyond ASCII, which takes 3 bytes when it is written in full. */
static int is_path(struct part p, size_t *growth) {
  const char *c;
  for (c = p.from; c < p.to; c++) {
    struct part one = part_of(c, c + 1);
    if (*c == '%' && p.to - c >= 3) one.to = c + 3;
    if (is_made_of(one, "/:@;")) continue;
    if (*c == '%') return 0;
    *growth += 2;
  }
  return 1;
}

static int is_ipv6(struct part p) {
  char text[INET6_ADDRSTRLEN];
  struct in6_addr address;
  size_t length = (size_t)(p.to - p.from);
  if (length >= sizeof text) return 0;
  memcpy(text, p.from, length);
  text[length] = '\0';
  return inet_pton(AF_INET6, text, &address) == 1;
}

/* Nothing, or a colon and a port, which may be left out. */
static int is_port(struct part p) {
  unsigned port = 0;
  if (p.from == p.to) return 1;
  if (*p.from++ != ':') return 0;
  if (p.from == p.to) return 1;
  for (; p.from < p.to; p.from++) {
    if (!is_one_of(*p.from, digits)) return 0;
    port = port * 10 + (unsigned)(*p.from - '0');
    if (port > 65535) return 0;
  }
  return port > 0;
}

static int is_host_and_port(struct part p) {
  const char *end, *zone, *c;
  struct part host;
  if (p.from < p.to && *p.from == '[') {
    end = find_in(p, ']');
    if (end == p.to || !is_port(part_of(end + 1, p.to))) return 0;
    host = part_of(p.from + 1, end);
    zone = find_in(host, '%');
    if (zone == host.to) return is_ipv6(host);
    if (host.to - zone <= 3 || strncmp(zone, "%25", 3) != 0) return 0;
    for (c = zone + 3; c < host.to; c++)
      if (!is_plain(*c)) return 0;
    return is_ipv6(part_of(host.from, zone));
  }
  end = find_last(p, ':');
  host = part_of(p.from, end == NULL ? p.to : end);
  if (host.from == host.to || !is_port(part_of(host.to, p.to))) return 0;
  if (find_in(host, ':') < host.to) return is_ipv6(host);
  for (c = host.from; c < host.to; c++)
    if (!is_plain(*c)) return 0;
  return 1;
}

static int is_authority(struct part p) {
  const char *at = find_last(p, '@');
  if (at == NULL) return is_host_and_port(p);
  return is_made_of(part_of(p.from, at), ":;@") && is_host_and_port(part_of(at + 1, p.to));
}

static int is_pin(struct part p) {
  const char *c;
  for (c = p.from; c < p.to; c++)
    if (!is_one_of(*c, letters) && !is_one_of(*c, digits) && *c != '-' && *c != '_') return 0;
  /* The last one holds four bits. */
  return p.to - p.from == PIN_LENGTH && is_one_of(p.to[-1], "AEIMQUYcgkosw048");
}

/* key=value&key=value, keys without %. The first pin counts. */
static int is_query(struct part p, int with_tls) {
  int pinned = 0;
  const char *end, *value;
  for (; p.from < p.to; p.from = end + (end < p.to)) {
    end = find_in(p, '&');
    value = find_in(part_of(p.from, end), '=');
    if (find_in(part_of(p.from, value), '%') < value) return 0;
    if (!is_made_of(part_of(p.from, end), "/:@?")) return 0;
    if (pinned || value - p.from != 3 || strncmp(p.from, "pin", 3) != 0) continue;
    pinned = 1;
    if (!with_tls || value == end || !is_pin(part_of(value + 1, end))) return 0;
  }
  return 1;
}

int tp2p_is_server(const char *text) {
  static const struct {
    const char *text;
    int with_tls;
  } schemes[] = {{"mqtt://", 0}, {"mqtts://", 1}, {"ws://", 0}, {"wss://", 1}};
  size_t length = strlen(text), growth = 0, i;
  const char *query, *fragment, *path, *c;
  struct part rest;
  if (length == 0) return 1;
  for (c = text; *c != '\0'; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f) return 0;
  for (i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (strncasecmp(text, schemes[i].text, strlen(schemes[i].text)) == 0) break;
  if (i == sizeof schemes / sizeof *schemes) return 0;
  rest = part_of(text + strlen(schemes[i].text), text + length);
  fragment = find_in(rest, '#');
  query = find_in(part_of(rest.from, fragment), '?');
  path = find_in(part_of(rest.from, query), '/');
  return is_authority(part_of(rest.from, path)) && is_path(part_of(path, query), &growth) &&
         (query == fragment || is_query(part_of(query + 1, fragment), schemes[i].with_tls)) &&
         (fragment == rest.to || is_path(part_of(fragment + 1, rest.to), &growth)) && length + growth <= MAX_SERVER;
}
