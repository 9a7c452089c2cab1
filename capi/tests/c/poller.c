/* One call, or one descriptor, for any number of sessions and devices. */
#include <poll.h>

#include "pair.h"

#define FRAME_CHANNELS 0xf0u /* the others carry bytes */
#define ROUNDS 50
#define MOST 64
#define TEXT 16 /* bytes of a message */

static struct pair p;
static int poller;

static int list_wait(int which, thing_p2p_event *events, int count, int timeout_ms) {
  events[0].struct_size = sizeof *events;
  return thing_p2p_poller_wait(which, events, count, timeout_ms);
}

/* The only event that comes. */
static thing_p2p_event one(void) {
  thing_p2p_event e;
  memset(&e, 0, sizeof e);
  NEED(list_wait(poller, &e, 1, PATIENCE_MS) == 1);
  return e;
}

static void nothing_is_left(void) {
  thing_p2p_event e;
  CHECK_IS(THING_P2P_ERR_TIMEOUT, list_wait(poller, &e, 1, 0));
}

static void watch(int handle, uint32_t events) { CHECK_IS(0, thing_p2p_poller_set(poller, handle, events, 0xff)); }

static void open_poller(void) { NEED((poller = thing_p2p_poller_open()) > 0); }

static void close_poller(void) { CHECK_IS(0, thing_p2p_poller_close(poller)); }

static int is_frames(int channel) { return FRAME_CHANNELS >> channel & 1; }

static int move(int sends, int handle, int channel, char *text, int length, int timeout_ms) {
  if (sends && is_frames(channel)) return thing_p2p_send_frame(handle, channel, text, length, THING_P2P_FRAME_KEY, 0);
  if (sends) return thing_p2p_send(handle, channel, text, length, timeout_ms);
  if (is_frames(channel)) return thing_p2p_read_frame(handle, channel, text, length, NULL, timeout_ms);
  return thing_p2p_read(handle, channel, text, length, timeout_ms);
}

static void *talk_on_all_channels(void *unused) {
  int app = thing_p2p_connect_wait(p.ticket, THING_P2P_MODE_INTERNET, PATIENCE_MS, NULL), round, channel;
  CHECK(app > 0);
  for (round = 0; round < ROUNDS; round++)
    for (channel = 0; channel < THING_P2P_CHANNELS; channel++) {
      char text[TEXT], back[TEXT];
      int n, some;
      memset(text, channel * ROUNDS + round, sizeof text);
      CHECK_IS(TEXT, move(1, app, channel, text, TEXT, PATIENCE_MS));
      for (n = 0; n < TEXT; n += some) NEED((some = move(0, app, channel, back + n, TEXT - n, PATIENCE_MS)) > 0);
      CHECK(memcmp(text, back, sizeof text) == 0);
    }
  CHECK_IS(0, thing_p2p_disconnect(app));
  return unused;
}

/* Serves sessions until so many have ended. */
static void serve(int sessions) {
  thing_p2p_event events[MOST];
  char text[TEXT];
  while (sessions > 0) {
    int i, n = list_wait(poller, events, MOST, PATIENCE_MS);
    NEED(n > 0 && n <= MOST);
    for (i = 0; i < n; i++) {
      const thing_p2p_event *e = &events[i];
      int channel;
      if (e->events & THING_P2P_EVENT_ACCEPT) {
        int session = thing_p2p_accept(e->handle, 0, NULL);
        NEED(session > 0);
        watch(session, THING_P2P_EVENT_READABLE | THING_P2P_EVENT_CLOSED);
      }
      CHECK(((e->events & THING_P2P_EVENT_READABLE) != 0) == (e->readable != 0));
      CHECK_IS(0, e->writable);
      for (channel = 0; channel < THING_P2P_CHANNELS; channel++) {
        int length;
        if (!(e->readable >> channel & 1)) continue;
        length = move(0, e->handle, channel, text, sizeof text, 0);
        CHECK(length > 0);
        CHECK_IS(length, move(1, e->handle, channel, text, length, 0));
      }
      if (e->events & THING_P2P_EVENT_CLOSED) {
        CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, e->code);
        CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_active_check(e->handle));
        CHECK_IS(0, thing_p2p_disconnect(e->handle)); /* in the loop itself */
        sessions--;
      } else {
        CHECK_IS(0, e->code);
      }
    }
  }
}

static void a_device_needs_nothing_else(void) {
  pthread_t apps[3];
  unsigned i;
  open_poller();
  watch(p.device, THING_P2P_EVENT_ACCEPT);
  for (i = 0; i < 3; i++) NEED(pthread_create(&apps[i], NULL, talk_on_all_channels, NULL) == 0);
  serve(3);
  for (i = 0; i < 3; i++) pthread_join(apps[i], NULL);
  nothing_is_left();
  close_poller();
}

static int shows(int timeout_ms) {
  struct pollfd fd;
  fd.fd = thing_p2p_poller_fd(poller);
  fd.events = POLLIN;
  fd.revents = 0;
  CHECK(fd.fd >= 0);
  NEED(poll(&fd, 1, timeout_ms) >= 0);
  return fd.revents;
}

/* The descriptor is readable while poller_wait would return at once, and not longer. */
static void the_descriptor_says_it(void) {
  thing_p2p_event e;
  char text[8];
  int i;
  open_poller();
  CHECK_IS(0, shows(0));
  watch(p.app, THING_P2P_EVENT_READABLE);
  CHECK_IS(0, shows(0));
  for (i = 0; i < 20; i++) {
    CHECK_IS(8, thing_p2p_send(p.dev, 1, "8 bytes", 8, PATIENCE_MS));
    CHECK_IS(POLLIN, shows(PATIENCE_MS));
    if (i % 2) {
      e = one();
      CHECK(e.handle == p.app && e.readable == 2);
    }
    CHECK_IS(4, thing_p2p_read(p.app, 1, text, 4, 0));
    CHECK_IS(POLLIN, shows(0));
    CHECK_IS(4, thing_p2p_read(p.app, 1, text, 8, 0));
    CHECK_IS(0, shows(0));
    nothing_is_left();
  }
  CHECK_IS(0, thing_p2p_poller_wake(poller));
  CHECK_IS(POLLIN, shows(0));
  CHECK_IS(0, list_wait(poller, &e, 1, -1));
  CHECK_IS(0, shows(0));
  watch(p.app, THING_P2P_EVENT_WRITABLE);
  CHECK_IS(POLLIN, shows(0));
  e = one();
  CHECK(e.events == THING_P2P_EVENT_WRITABLE && e.writable == 0xff);
  CHECK_IS(POLLIN, shows(0));
  watch(p.app, 0);
  CHECK_IS(0, shows(0));
  CHECK_IS(thing_p2p_poller_fd(poller), thing_p2p_poller_fd(poller));
  close_poller();
}

static void events_of_any_size(void) {
  uint32_t room[MOST], size;
  open_poller();
  watch(p.app, THING_P2P_EVENT_WRITABLE);
  watch(p.dev, THING_P2P_EVENT_WRITABLE);
  for (size = 8; size <= 80; size += 4) {
    thing_p2p_event first, *list = (thing_p2p_event *)room;
    uint32_t words = size / 4, i;
    memset(room, 0xa5, sizeof room);
    list->struct_size = size;
    NEED(thing_p2p_poller_wait(poller, list, 2, -1) == 2);
    memset(&first, 0, sizeof first);
    memcpy(&first, room, size < sizeof first ? size : sizeof first);
    CHECK_IS(size, first.struct_size);
    CHECK_IS(size, room[words]);
    CHECK((int)room[1] + (int)room[words + 1] == p.app + p.dev && room[1] != room[words + 1]);
    if (size >= sizeof first) CHECK(first.events == THING_P2P_EVENT_WRITABLE && first.writable == 0xff);
    for (i = words + (size < sizeof first ? words : sizeof first / 4); i < MOST; i++) CHECK(room[i] == 0xa5a5a5a5u);
  }
  close_poller();
}

struct waiter {
  pthread_t thread;
  int result;
  thing_p2p_event event;
  struct flag started;
};

static void *wait_for_ever(void *argument) {
  struct waiter *w = argument;
  flag_raise(&w->started);
  w->result = list_wait(poller, &w->event, 1, -1);
  return NULL;
}

static void waiter_start(struct waiter *w) {
  static const struct flag down = FLAG_INIT;
  w->started = down;
  w->result = 1000;
  memset(&w->event, 0, sizeof w->event);
  NEED(pthread_create(&w->thread, NULL, wait_for_ever, w) == 0);
  NEED(flag_wait(&w->started));
}

static int waiter_join(struct waiter *w) {
  pthread_join(w->thread, NULL);
  return w->result;
}

static void wake_and_close_end_all_waits(void) {
  struct waiter waiters[4];
  int i;
  open_poller();
  watch(p.app, THING_P2P_EVENT_READABLE);
  for (i = 0; i < 4; i++) waiter_start(&waiters[i]);
  for (i = 0; i < 4; i++) CHECK_IS(0, thing_p2p_poller_wake(poller));
  for (i = 0; i < 4; i++) CHECK_IS(0, waiter_join(&waiters[i]));
  for (i = 0; i < 4; i++) waiter_start(&waiters[i]);
  close_poller();
  for (i = 0; i < 4; i++) {
    int code = waiter_join(&waiters[i]); /* the second if it had not come to wait before */
    CHECK(code == THING_P2P_ERR_CLOSED_LOCAL || code == THING_P2P_ERR_INVALID_SESSION);
  }
  CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_poller_wake(poller));
}

/* What is disconnected by another thread leaves; the other end hears of it, and goes on hearing. */
static void closing_from_another_thread(void) {
  struct waiter w;
  struct pair q = p;
  char byte;
  int i;
  open_poller();
  for (i = 0; i < 5; i++) {
    pair_connect(&q);
    watch(q.app, THING_P2P_EVENT_READABLE | THING_P2P_EVENT_CLOSED);
    watch(q.dev, THING_P2P_EVENT_READABLE | THING_P2P_EVENT_CLOSED);
    waiter_start(&w);
    CHECK_IS(1, i % 2 ? 1 : thing_p2p_send(q.app, 3, "x", 1, PATIENCE_MS)); /* what is left to read comes first */
    CHECK_IS(0, thing_p2p_disconnect(q.app));
    CHECK_IS(1, waiter_join(&w));
    CHECK_IS(q.dev, w.event.handle);
    while (!(w.event.events & THING_P2P_EVENT_CLOSED)) w.event = one();
    CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, w.event.code);
    if (i % 2 == 0) {
      CHECK_IS(THING_P2P_EVENT_READABLE | THING_P2P_EVENT_CLOSED, one().events);
      CHECK_IS(1, thing_p2p_read(q.dev, 3, &byte, 1, 0));
    }
    CHECK_IS(THING_P2P_EVENT_CLOSED, one().events);
    CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read(q.dev, 3, &byte, 1, 0));
    CHECK_IS(THING_P2P_ERR_CLOSED_REMOTE, thing_p2p_read(q.dev, 4, &byte, 1, 0));
    CHECK_IS(0, thing_p2p_poller_set(poller, q.dev, THING_P2P_EVENT_CLOSED, 0));
    CHECK_IS(THING_P2P_EVENT_CLOSED, one().events);
    CHECK_IS(0, thing_p2p_disconnect(q.dev));
    nothing_is_left();
    CHECK_IS(THING_P2P_ERR_INVALID_SESSION, thing_p2p_poller_set(poller, q.dev, THING_P2P_EVENT_CLOSED, 0));
  }
  close_poller();
}

/* Threads that share a poller, and two pollers that share a session. */
static int left_to_read;

static void *take_what_comes(void *own) {
  thing_p2p_event e;
  int which = own != NULL ? *(int *)own : poller;
  while (__atomic_load_n(&left_to_read, __ATOMIC_SEQ_CST) > 0) {
    char text[100];
    int channel, n = list_wait(which, &e, 1, -1);
    if (n == 0) return NULL;
    CHECK_IS(1, n);
    for (channel = 0; channel < THING_P2P_CHANNELS; channel++)
      if (e.readable >> channel & 1) {
        n = thing_p2p_read(e.handle, channel, text, sizeof text, 0);
        CHECK(n > 0 || n == THING_P2P_ERR_TIMEOUT); /* another was faster */
        if (n > 0) __atomic_sub_fetch(&left_to_read, n, __ATOMIC_SEQ_CST);
      }
  }
  return NULL;
}

static void many_threads_and_pollers(void) {
  pthread_t threads[6];
  struct pair q = p;
  int second, i;
  open_poller();
  NEED((second = thing_p2p_poller_open()) > 0);
  CHECK(thing_p2p_poller_fd(second) >= 0);
  pair_connect(&q);
  watch(q.app, THING_P2P_EVENT_READABLE);
  CHECK_IS(0, thing_p2p_poller_set(second, q.app, THING_P2P_EVENT_READABLE, 0xff));
  left_to_read = 8 * 10000;
  for (i = 0; i < 6; i++) NEED(pthread_create(&threads[i], NULL, take_what_comes, i % 2 ? &second : NULL) == 0);
  for (i = 0; i < THING_P2P_CHANNELS; i++) CHECK_IS(0, send_pattern(q.dev, i, 0, 10000));
  while (__atomic_load_n(&left_to_read, __ATOMIC_SEQ_CST) > 0) poll(NULL, 0, 5);
  for (i = 0; i < 6; i++) {
    thing_p2p_poller_wake(poller);
    thing_p2p_poller_wake(second);
  }
  for (i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  CHECK_IS(0, left_to_read);
  CHECK_IS(0, thing_p2p_disconnect(q.app));
  CHECK_IS(0, thing_p2p_disconnect(q.dev));
  CHECK_IS(0, thing_p2p_poller_close(second));
  close_poller();
}

#define WAKES 200

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t returned; /* when; atomic */

static void *note_each_return(void *unused) {
  thing_p2p_event e;
  int i;
  for (i = 0; i < WAKES; i++) {
    CHECK_IS(0, list_wait(poller, &e, 1, -1));
    __atomic_store_n(&returned, now_ns(), __ATOMIC_SEQ_CST);
  }
  return unused;
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* How long it takes says most of the machine: it is printed, for who wants to know. */
static void from_wake_to_return(void) {
  static uint64_t took[WAKES];
  pthread_t thread;
  int i;
  open_poller();
  NEED(pthread_create(&thread, NULL, note_each_return, NULL) == 0);
  for (i = 0; i < WAKES; i++) {
    uint64_t started, then;
    poll(NULL, 0, 10); /* it waits in C by now, most likely */
    started = now_ns();
    CHECK_IS(0, thing_p2p_poller_wake(poller));
    while ((then = __atomic_load_n(&returned, __ATOMIC_SEQ_CST)) < started) continue;
    took[i] = then - started;
  }
  pthread_join(thread, NULL);
  qsort(took, WAKES, sizeof *took, by_size);
  printf("  from wake to return: %d us in the median, %d at most\n", (int)(took[WAKES / 2] / 1000), (int)(took[WAKES - 1] / 1000));
  close_poller();
}

/* What ends with its owner leaves, also what has ended before and was not disconnected. */
static void owners_take_theirs_along(void) {
  struct pair q = p;
  open_poller();
  pair_connect(&q);
  watch(p.app, THING_P2P_EVENT_CLOSED);
  watch(p.dev, THING_P2P_EVENT_CLOSED);
  watch(q.app, THING_P2P_EVENT_CLOSED);
  watch(p.device, THING_P2P_EVENT_ACCEPT);
  CHECK_IS(0, thing_p2p_disconnect(q.dev));
  CHECK_IS(q.app, one().handle);
  CHECK(shows(0) != 0);
  CHECK_IS(0, thing_p2p_deinit());
  CHECK_IS(p.dev, one().handle);
  CHECK_IS(0, thing_p2p_device_close(p.device));
  CHECK_IS(0, shows(0));
  nothing_is_left();
  close_poller();
}

int main(void) {
  pair_open(&p);
  RUN(a_device_needs_nothing_else);
  RUN(the_descriptor_says_it);
  RUN(events_of_any_size);
  RUN(wake_and_close_end_all_waits);
  RUN(closing_from_another_thread);
  RUN(many_threads_and_pollers);
  RUN(from_wake_to_return);
  RUN(owners_take_theirs_along);
  return CHECK_RESULT;
}
