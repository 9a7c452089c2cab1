/*
 * A device that sends back what apps send: any number of them on one thread, in a loop of epoll that waits for the standard
 * input, too. A line typed there shows how many apps there are, its end ends the program. The environment variable
 * THINGP2P_SERVER names the server. For Linux, as epoll is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "thingp2p.h"

static struct app {
  int session, channel, length; /* the channel and the length of what it has to get yet */
  char bytes[4096];
  struct app *next;
} *apps;
static int device, poller, count;

static int checked(const char *what, int result)
{
  if (result >= 0)
    return result;
  fprintf(stderr, "poller: %s: %s\n", what, thing_p2p_strerror(result));
  exit(1);
}

/* An app is watched for input or, while it does not take what it has to get, for room: so it fills its own buffers, and no
 * memory here. There is room nearly always: who asks for it with nothing to send is told at once, again and again. */
static void watch(const struct app *a)
{
  unsigned events = a->length > 0 ? THING_P2P_EVENT_WRITABLE : THING_P2P_EVENT_READABLE;

  thing_p2p_poller_set(poller, a->session, events | THING_P2P_EVENT_CLOSED, a->length > 0 ? 1u << a->channel : 0xff);
}

static void accept_app(void)
{
  struct app *a = calloc(1, sizeof *a);

  checked("memory", a ? 0 : THING_P2P_ERR_NO_MEMORY);
  if ((a->session = thing_p2p_accept(device, 0, NULL)) < 0) { /* it has gone already */
    free(a);
    return;
  }
  a->next = apps;
  apps = a;
  count++;
  watch(a);
}

/* Does one thing; what is left, the next wait tells again. When a session has ended, nobody is there to get any more. */
static void serve(const thing_p2p_event *event)
{
  struct app **at = &apps, *a;
  int code = event->code;

  while ((a = *at)->session != event->handle)
    at = &a->next;
  if (a->length == 0 && event->readable) {
    while (!(event->readable >> (a->channel = (a->channel + 1) % THING_P2P_CHANNELS) & 1))
      ; /* the channels in turn */
    code = thing_p2p_read(a->session, a->channel, a->bytes, sizeof a->bytes, 0);
    a->length = code > 0 ? code : 0;
  }
  if (a->length > 0 && (code = thing_p2p_send(a->session, a->channel, a->bytes, a->length, 0)) > 0) {
    a->length -= code;
    memmove(a->bytes, a->bytes + code, (size_t)a->length);
  }
  if (code >= 0 || code == THING_P2P_ERR_TIMEOUT) {
    watch(a);
  } else {
    thing_p2p_disconnect(a->session); /* so it leaves the poller, too */
    *at = a->next;
    free(a);
    count--;
  }
}

static void serve_all(void)
{
  thing_p2p_event events[16] = {{.struct_size = sizeof events[0]}};
  int told = thing_p2p_poller_wait(poller, events, 16, 0), i;

  for (i = 0; i < told; i++)
    if (events[i].handle == device)
      accept_app();
    else
      serve(&events[i]);
}

int main(void)
{
  struct epoll_event input = {.events = EPOLLIN, .data.fd = STDIN_FILENO}, library = {.events = EPOLLIN}, ready;
  char ticket[THING_P2P_TICKET_SIZE], typed[256];
  int loop = epoll_create1(EPOLL_CLOEXEC);

  device = checked("open", thing_p2p_device_open(NULL));
  poller = checked("poller", thing_p2p_poller_open());
  checked("watch", thing_p2p_poller_set(poller, device, THING_P2P_EVENT_ACCEPT, 0));
  checked("listen", thing_p2p_device_listen(device));
  checked("ticket", thing_p2p_device_ticket(device, ticket, sizeof ticket));
  library.data.fd = checked("descriptor", thing_p2p_poller_fd(poller));
  checked("epoll", epoll_ctl(loop, EPOLL_CTL_ADD, library.data.fd, &library) == 0 ? 0 : THING_P2P_ERR_NO_MEMORY);
  epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &input); /* fails for a file: then nobody types */
  printf("%s\n", ticket);
  while (fflush(stdout) == 0) {
    if (epoll_wait(loop, &ready, 1, -1) < 1)
      continue; /* for a signal */
    if (ready.data.fd == library.data.fd)
      serve_all();
    else if (read(STDIN_FILENO, typed, sizeof typed) > 0)
      printf("apps: %d\n", count);
    else
      break;
  }
  thing_p2p_device_close(device); /* with its sessions */
  return thing_p2p_poller_close(poller);
}
