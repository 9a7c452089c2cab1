/*
 * An app that watches the device of device.c: connects with its ticket, asks for the video and writes it to a file.
 *
 *   app [-l] [-S SERVER] [-o OUT] TICKET
 *
 * The ticket names its server; SERVER is only needed when a bare device id is given instead. With -l the local network is
 * asked first.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "line.h"

enum { REPLY_TIMEOUT_MS = 10000, VIDEO_TIMEOUT_MS = 10000 };

static void fail(const char *what, int code)
{
  fprintf(stderr, "app: %s: %s (%s)\n", what, thing_p2p_strerror(code), thing_p2p_error_name(code));
  thing_p2p_deinit();
  exit(1);
}

/* The sentence in a report, which is JSON: there is nothing in it but what has a backslash before it that needs care. */
static void show_summary(const char *trace_id)
{
  static char report[THING_P2P_REPORT_SIZE];
  const char member[] = "\"summary\":\"", *c;

  if (thing_p2p_report(trace_id, report, sizeof report) < 0 || !(c = strstr(report, member)))
    return;
  fputs("app: ", stderr);
  for (c += sizeof member - 1; *c && *c != '"'; c++) {
    if (*c == '\\' && c[1])
      c++;
    fputc(*c, stderr);
  }
  fputc('\n', stderr);
}

static double now(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *path_name(int path)
{
  switch (path) {
  case THING_P2P_PATH_LAN: return "lan";
  case THING_P2P_PATH_DIRECT: return "direct";
  case THING_P2P_PATH_RELAY: return "relay";
  }
  return "unknown";
}

/* The path may change while the session lives, so it is asked for each time. */
static thing_p2p_info info_of(int session)
{
  thing_p2p_info info = {0};
  int code;

  info.struct_size = sizeof info;
  code = thing_p2p_session_info(session, &info);
  if (code < 0)
    fail("session info", code);
  return info;
}

static void ask(int session, struct line_reader *replies, const char *command, char *reply)
{
  int code = send_all(session, COMMANDS, command, (int)strlen(command));

  if (code >= 0)
    code = read_line(session, COMMANDS, replies, reply, REPLY_TIMEOUT_MS);
  if (code < 0)
    fail("command", code);
}

static void show_progress(int session, uint64_t done, uint64_t size, double seconds)
{
  thing_p2p_info info = info_of(session);

  fprintf(stderr, "\r%5.1f %%  %8.1f Mbit/s  %-6s  rtt %.1f ms ", 100.0 * (double)done / (double)size,
          (double)done * 8 / 1e6 / seconds, path_name(info.path), info.rtt_us / 1e3);
}

static void receive_video(int session, uint64_t size, FILE *out)
{
  static char buffer[256 * 1024];
  uint64_t done = 0;
  double start = now(), shown = start;

  while (done < size) {
    int got = thing_p2p_read(session, VIDEO, buffer, sizeof buffer, VIDEO_TIMEOUT_MS);

    if (got < 0)
      fail("video", got);
    if (out && fwrite(buffer, 1, (size_t)got, out) != (size_t)got) {
      perror("app: write");
      exit(1);
    }
    done += (uint64_t)got;
    if (now() - shown > 0.2 && isatty(STDERR_FILENO)) {
      shown = now();
      show_progress(session, done, size, shown - start);
    }
  }
  start = now() - start;
  if (size > 0) {
    show_progress(session, done, size, start);
    fputc('\n', stderr);
  }
  printf("path=%s connect_ms=%" PRIu32 " bytes=%" PRIu64 " seconds=%.3f mbit_s=%.1f\n", path_name(info_of(session).path),
         info_of(session).connect_ms, done, start, start > 0 ? (double)done * 8 / 1e6 / start : 0);
}

int main(int argc, char **argv)
{
  const char *out_name = NULL;
  FILE *out = NULL;
  struct line_reader replies = {0};
  char reply[sizeof replies.bytes], trace_id[THING_P2P_TRACE_ID_SIZE];
  uint64_t size;
  int option, code, session, mode = THING_P2P_MODE_INTERNET;

  while ((option = getopt(argc, argv, "lS:o:")) != -1) {
    if (option == 'S' && (code = thing_p2p_set_option("server", optarg)) < 0)
      fail(optarg, code);
    else if (option == 'l')
      mode = THING_P2P_MODE_LAN;
    else if (option == 'o')
      out_name = optarg;
    else if (option == '?')
      return 2;
  }
  if (optind + 1 != argc) {
    fprintf(stderr, "usage: app [-l] [-S SERVER] [-o OUT] TICKET\n");
    return 2;
  }
  if (out_name && !(out = fopen(out_name, "wb"))) {
    perror(out_name);
    return 1;
  }

  code = thing_p2p_init("example-user");
  if (code < 0)
    fail("init", code);
  trace_id[0] = '\0';
  session = thing_p2p_connect_wait(argv[optind], mode, 0, trace_id);
  if (session < 0) {
    show_summary(trace_id);
    fail("connect", session);
  }

  ask(session, &replies, "info\n", reply);
  fprintf(stderr, "device says: %s\n", reply);
  ask(session, &replies, "play\n", reply);
  if (sscanf(reply, "size %" SCNu64, &size) != 1) {
    fprintf(stderr, "app: no video: %s\n", reply);
    thing_p2p_deinit();
    return 1;
  }
  receive_video(session, size, out);

  thing_p2p_disconnect(session);
  thing_p2p_deinit();
  if (out && fclose(out) != 0) {
    perror(out_name);
    return 1;
  }
  return 0;
}
