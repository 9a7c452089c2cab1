/*
 * An app for the tests of networks. It takes orders on standard input, a line each, and answers each with a line:
 *
 *   connect TICKET   -> connected PATH CONNECT_MS, or failed NAME
 *   lan TICKET       -> the same in LAN mode
 *   seek ID          -> the same in LAN mode, and only for as long as the library searches by itself
 *   address ID ADDR  -> ok, or failed NAME: adds an address of the device
 *   get N, put N     -> started: a transfer in the background
 *   both N           -> started: N bytes each way at once
 *   gap              -> for how many ms at most nothing came in the last get or both
 *   done             -> ok or bad, once the transfer has ended: each byte is checked
 *   path             -> PATH as the app sees it, and as the device does
 *   own              -> PATH as the app sees it; also while a transfer runs
 *   rtt              -> the round-trip time in microseconds as the app sees it, and as the device does
 *   moved            -> how many bytes of all channels the app has sent and received
 *   check            -> what thing_p2p_active_check says
 *   packets          -> SENT LOST, of the session
 *   close            -> closed
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "pattern.h"

static int session;
static struct line_reader answers;

static int path_now(void)
{
  thing_p2p_info info;

  info.struct_size = sizeof info;
  return thing_p2p_session_info(session, &info) < 0 ? 0 : (int)info.path;
}

static unsigned rtt_now(void)
{
  thing_p2p_info info;

  info.struct_size = sizeof info;
  return thing_p2p_session_info(session, &info) < 0 ? 0 : (unsigned)info.rtt_us;
}

static unsigned long long moved_now(void)
{
  thing_p2p_info info;

  info.struct_size = sizeof info;
  return thing_p2p_session_info(session, &info) < 0 ? 0 : (unsigned long long)(info.bytes_sent + info.bytes_received);
}

static void ask(const char *command, char *answer)
{
  if (send_all(session, COMMANDS, command, (int)strlen(command)) < 0 || read_line(session, COMMANDS, &answers, answer, PATIENCE_MS) < 0)
    strcpy(answer, "bad");
}

static void connect_to(const char *ticket, int mode, int timeout_ms)
{
  thing_p2p_info info;

  session = thing_p2p_connect_wait(ticket, mode, timeout_ms, NULL);
  if (session < 0) {
    printf("failed %s\n", thing_p2p_error_name(session));
    return;
  }
  memset(&answers, 0, sizeof answers);
  info.struct_size = sizeof info;
  thing_p2p_session_info(session, &info);
  printf("connected %d %u\n", (int)info.path, (unsigned)info.connect_ms);
}

static void print_packets(void)
{
  thing_p2p_info info;
  int code;

  info.struct_size = sizeof info;
  code = thing_p2p_session_info(session, &info);
  if (code < 0)
    printf("failed %s\n", thing_p2p_error_name(code));
  else
    printf("%llu %llu\n", (unsigned long long)info.packets_sent, (unsigned long long)info.packets_lost);
}

static void add_address(char *id)
{
  char *address = strchr(id, ' ');
  int code;

  *address++ = '\0';
  code = thing_p2p_add_address(id, address);
  printf(code < 0 ? "failed %s\n" : "ok\n", thing_p2p_error_name(code));
}

/* A transfer runs in the background until "done" asks for its result. */
static pthread_t transfer;
static char transfer_order[64];
static const char *transfer_result;

static void *send_files(void *length)
{
  send_pattern(session, FILES, *(long *)length);
  return NULL;
}

static const char *exchange(long length, char *answer)
{
  pthread_t sender;
  int good;

  if (pthread_create(&sender, NULL, send_files, &length) != 0)
    return "bad";
  good = read_pattern(session, VIDEO, length) == 0;
  pthread_join(sender, NULL);
  good = read_line(session, COMMANDS, &answers, answer, PATIENCE_MS) >= 0 && strcmp(answer, "ok") == 0 && good;
  return good ? "ok" : "bad";
}

static void *run_transfer(void *unused)
{
  char line[sizeof answers.bytes];

  (void)unused;
  if (strncmp(transfer_order, "both ", 5) == 0) {
    snprintf(line, sizeof line, "%s\n", transfer_order);
    send_all(session, COMMANDS, line, (int)strlen(line));
    transfer_result = exchange(atol(transfer_order + 5), line);
  } else if (strncmp(transfer_order, "get ", 4) == 0) {
    snprintf(line, sizeof line, "%s\n", transfer_order);
    send_all(session, COMMANDS, line, (int)strlen(line));
    transfer_result = read_pattern(session, VIDEO, atol(transfer_order + 4)) == 0 ? "ok" : "bad";
  } else {
    snprintf(line, sizeof line, "%s\n", transfer_order);
    send_all(session, COMMANDS, line, (int)strlen(line));
    send_pattern(session, FILES, atol(transfer_order + 4));
    transfer_result = read_line(session, COMMANDS, &answers, line, PATIENCE_MS) >= 0 && strcmp(line, "ok") == 0 ? "ok" : "bad";
  }
  return NULL;
}

int main(void)
{
  char order[THING_P2P_TICKET_SIZE + 32], answer[sizeof answers.bytes];

  thing_p2p_set_log(LOG_LEVEL, print_log, (void *)"app");
  if (begin() < 0 || thing_p2p_init("tester") < 0)
    return 1;
  while (fgets(order, sizeof order, stdin)) {
    order[strcspn(order, "\n")] = '\0';
    if (strncmp(order, "connect ", 8) == 0) {
      connect_to(order + 8, THING_P2P_MODE_INTERNET, PATIENCE_MS);
    } else if (strncmp(order, "lan ", 4) == 0) {
      connect_to(order + 4, THING_P2P_MODE_LAN, PATIENCE_MS);
    } else if (strncmp(order, "seek ", 5) == 0) {
      connect_to(order + 5, THING_P2P_MODE_LAN, 0);
    } else if (strncmp(order, "address ", 8) == 0) {
      add_address(order + 8);
    } else if (strncmp(order, "get ", 4) == 0 || strncmp(order, "put ", 4) == 0 || strncmp(order, "both ", 5) == 0) {
      snprintf(transfer_order, sizeof transfer_order, "%.60s", order);
      printf(pthread_create(&transfer, NULL, run_transfer, NULL) == 0 ? "started\n" : "bad\n");
    } else if (strcmp(order, "done") == 0) {
      pthread_join(transfer, NULL);
      printf("%s\n", transfer_result);
    } else if (strcmp(order, "path") == 0) {
      ask("path\n", answer);
      printf("%d %s\n", path_now(), answer);
    } else if (strcmp(order, "rtt") == 0) {
      ask("rtt\n", answer);
      printf("%u %s\n", rtt_now(), answer);
    } else if (strcmp(order, "own") == 0) {
      printf("%d\n", path_now());
    } else if (strcmp(order, "moved") == 0) {
      printf("%llu\n", moved_now());
    } else if (strcmp(order, "gap") == 0) {
      printf("%ld\n", longest_gap);
    } else if (strcmp(order, "check") == 0) {
      printf("%s\n", thing_p2p_error_name(thing_p2p_active_check(session)));
    } else if (strcmp(order, "packets") == 0) {
      print_packets();
    } else if (strcmp(order, "close") == 0) {
      thing_p2p_disconnect(session);
      printf("closed\n");
    }
    fflush(stdout);
  }
  return thing_p2p_deinit();
}
