/*
 * libthingp2p: connects an app to a device by the device's id, peer to peer,
 * over eight reliable byte channels.
 *
 * This header is the whole interface, and its specification.
 *
 * Threads      Every function may be called from any thread at any time, and
 *              from inside a callback. Callbacks run on threads of the library,
 *              never inside the call that registered them and never with a lock
 *              of the library held. Those of one kind run one after the other,
 *              in order (see thing_p2p_authorize_cb for its kinds): a slow one
 *              delays the next, but no session. Once
 *              thing_p2p_deinit, thing_p2p_disconnect or thing_p2p_device_close
 *              has returned, no callback of what it ended runs, except the one
 *              that made the call. (If two callbacks end each other's object at
 *              the same time, neither waits for the other.)
 * Memory       What the caller passes stays the caller's, and the library does
 *              not use it after the call has returned; `user` is only handed
 *              back. What a callback is given is valid until it returns. Texts
 *              that the library returns are static: never free them.
 * Texts        are UTF-8 and end with a NUL.
 * Time         is in milliseconds. A timeout of 0 means "do not wait" and a
 *              negative one "for ever", unless the function says otherwise.
 * Results      0 or more is success, less is one of THING_P2P_ERR_...; only the
 *              codes that a function lists, and these three, which any function
 *              that returns a code may give:
 *                THING_P2P_ERR_FORKED    the process was forked after the library
 *                                        had started, see below
 *                THING_P2P_ERR_INTERNAL  a fault in the library; the log has it
 *                THING_P2P_ERR_NO_MEMORY or too many open files
 * Faults       A fault in the library ends the call, the session or the attempt
 *              that it is in, with THING_P2P_ERR_INTERNAL, and not the process.
 *              Two kinds still end it, with a message on stderr: a fault in a
 *              thread of the libraries inside for ICE, TURN, MQTT and TLS that
 *              is their own, and what no program survives, such as no memory.
 * Handles      of sessions, devices and pollers are 1 or more and are never used
 *              twice in a process. Any integer may be passed as a handle: what
 *              is not one, or not one of the right sort, gives
 *              THING_P2P_ERR_INVALID_SESSION.
 * Process      The library starts threads, in the first thing_p2p_init,
 *              thing_p2p_device_open, thing_p2p_poller_open or
 *              thing_p2p_set_addresses that has a use
 *              for them, and not before: until then a program may fork, become a
 *              daemon, and set options and the log. A child that is forked afterwards, and does not call
 *              exec, gets THING_P2P_ERR_FORKED from every call; version, strerror
 *              and error_name still work. If the process has too little room to
 *              start (an RLIMIT_AS below 1.7 GB, or 0.7 GB on 32 bit, which is
 *              reserved, not used; no threads left), the first call gives
 *              THING_P2P_ERR_NO_MEMORY and may be tried again. Where a limit is reached later, the process
 *              ends: the library cannot go on without a thread or memory. The
 *              soft limit of open files is not raised. Memory is given back
 *              after the last deinit or device_close; the threads, about ten,
 *              stay, and so does the library: dlclose leaves it in place.
 * Signals      Threads of the library block all of them, so they are the
 *              program's to handle, on its own threads, by signalfd or by
 *              sigwait. No SIGPIPE of the library's reaches it. Callbacks run
 *              with all signals blocked. In a call, a signal is handled within
 *              some 5 ms, with no need for SA_ONSTACK, and the call goes on; a
 *              handler must not leave it by longjmp, nor call the library.
 *              A thread that is cancelled ends once its call has returned.
 *              SIGSEGV, SIGBUS and SIGFPE have a handler of the library's from
 *              the start on, which hands those of other code to the handler that
 *              was there; one that is installed later must have SA_ONSTACK, and
 *              hand on to the one before it what is not its own. A thread that
 *              had no alternate signal stack has one of the library's, of 32 KB,
 *              between a call of read, send, active_check or session_info that
 *              did not have to wait and its next other call, or its end. Nothing
 *              else of how signals are handled or blocked changes.
 *              This is so on Linux, with the libraries that build.sh makes. In
 *              others Go, in which the library is written, starts when it is
 *              loaded, with open signals.
 */
#ifndef THINGP2P_H
#define THINGP2P_H

#include <stdint.h>

#define THING_P2P_VERSION_MAJOR 0
#define THING_P2P_VERSION_MINOR 1
#define THING_P2P_VERSION_PATCH 0
#define THING_P2P_VERSION       "0.1.0"

#if defined(_WIN32) && defined(THING_P2P_STATIC)
#define THING_P2P_API
#elif defined(_WIN32) && defined(THING_P2P_BUILD)
#define THING_P2P_API __declspec(dllexport)
#elif defined(_WIN32)
#define THING_P2P_API __declspec(dllimport)
#elif defined(__GNUC__)
#define THING_P2P_API __attribute__((visibility("default")))
#else
#define THING_P2P_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define THING_P2P_CHANNELS      8   /* channels 0 to 7 */
#define THING_P2P_TRACE_ID_SIZE 40  /* bytes, with the NUL */
#define THING_P2P_ID_SIZE       81  /* bytes of a device id, a name or a uid, with the NUL */
#define THING_P2P_TICKET_SIZE   512 /* bytes, with the NUL */
#define THING_P2P_REPORT_SIZE   32769 /* bytes, with the NUL */

/* Codes. */
enum {
  THING_P2P_OK = 0,
  THING_P2P_ERR_NOT_INITIALIZED = -1,     /* thing_p2p_init was not called */
  THING_P2P_ERR_ALREADY_INITIALIZED = -2, /* thing_p2p_init with another uid */
  THING_P2P_ERR_TIMEOUT = -3,             /* the time was up */
  THING_P2P_ERR_INVALID_ID = -4,          /* neither a device id, a ticket nor a known name */
  THING_P2P_ERR_INVALID_PARAMETER = -5,   /* NULL, out of range, malformed or too long */
  THING_P2P_ERR_DEVICE_NOT_ONLINE = -6,   /* the server does not see it, and the LAN has no answer */
  THING_P2P_ERR_NO_RELAY = -10,           /* only a relay could connect the two; none is available */
  THING_P2P_ERR_INVALID_SESSION = -11,    /* no such handle */
  THING_P2P_ERR_CLOSED_REMOTE = -12,      /* closed by the other side */
  THING_P2P_ERR_CLOSED_TIMEOUT = -13,     /* one side heard nothing from the other for offline_ms */
  THING_P2P_ERR_CLOSED_LOCAL = -14,       /* closed here */
  THING_P2P_ERR_LISTEN_BREAK = -16,       /* the device was closed while accept waited */
  THING_P2P_ERR_CONNECT_BREAK = -19,      /* break_connect, or deinit during an attempt */
  THING_P2P_ERR_SESSION_LIMIT = -23,      /* too many sessions here */
  THING_P2P_ERR_NO_MEMORY = -29,          /* no memory, threads or open files left */
  THING_P2P_ERR_HANDSHAKE = -37,          /* the secure handshake failed */
  THING_P2P_ERR_NO_ANSWER = -50,          /* the offer was delivered, nothing came back */
  THING_P2P_ERR_SIGNALING = -58,          /* the server cannot be reached */
  THING_P2P_ERR_REMOTE = -100,            /* the device ended it and gave no reason */
  THING_P2P_ERR_DEVICE_PRIVACY = -102,    /* the authorizer: privacy mode */
  THING_P2P_ERR_DEVICE_FULL = -104,       /* the device has no session left */
  THING_P2P_ERR_AUTH = -105,              /* the device did not accept this app, or is not who its id says */
  THING_P2P_ERR_DEVICE_BUSY = -113,       /* the authorizer: busy */
  THING_P2P_ERR_FORKED = -200,            /* called in a child, forked after the library had started */
  THING_P2P_ERR_BUFFER_TOO_SMALL = -201,  /* the caller's text buffer is too small */
  THING_P2P_ERR_INTERNAL = -202,          /* a fault in the library */
  THING_P2P_ERR_KEY_FRAME = -203,         /* a frame was dropped: only a key frame helps now */
  THING_P2P_ERR_BUSY = -204               /* another process, or another device of this one, uses this state_dir */
};

/* Which way to the device gets the head start. */
enum {
  THING_P2P_MODE_INTERNET = 0,
  THING_P2P_MODE_LAN = 1
};

/* What carries a session. */
enum {
  THING_P2P_PATH_LAN = 1,    /* straight, inside one local network */
  THING_P2P_PATH_DIRECT = 2, /* straight, through the internet */
  THING_P2P_PATH_RELAY = 3   /* through a relay (TURN) */
};

/* Levels of the log. */
enum {
  THING_P2P_LOG_OFF = 0,
  THING_P2P_LOG_ERROR = 1,
  THING_P2P_LOG_WARN = 2,
  THING_P2P_LOG_INFO = 3,
  THING_P2P_LOG_DEBUG = 4
};

/*
 * A session's figures. Set struct_size before the call; the library writes no
 * byte past it, nor past what it knows: set the rest to 0 beforehand.
 */
typedef struct thing_p2p_info {
  uint32_t struct_size;          /* set by the caller: sizeof(thing_p2p_info) */
  int32_t  path;                 /* THING_P2P_PATH_..., in use now */
  uint32_t rtt_us, min_rtt_us;   /* round trip, microseconds: now, and the least so far */
  uint32_t connect_ms;           /* from connect to ready */
  uint64_t bytes_sent, bytes_received;   /* application bytes */
  uint64_t packets_sent, packets_lost;   /* lost: not acknowledged in time; one that comes later stays counted */
  uint64_t bandwidth_bps;        /* what the path carries now, bit/s; 0: not known yet */
  char     trace_id[THING_P2P_TRACE_ID_SIZE]; /* of the attempt; the same on both sides */
  char     device_id[THING_P2P_ID_SIZE];
  char     local_address[64], remote_address[64]; /* "ip:port", or empty */
  uint64_t frame_bps;            /* what a live encoder should produce now, bit/s, for all of its frames; 0: not
                                    known yet, or no frame was sent here */
} thing_p2p_info;

/* What is known of a frame. Set struct_size as in thing_p2p_info. */
typedef struct thing_p2p_frame {
  uint32_t struct_size; /* set by the caller: sizeof(thing_p2p_frame) */
  uint32_t flags;       /* THING_P2P_FRAME_..., as it was sent */
  uint64_t sequence;    /* 1, 2, ...: each frame that thing_p2p_send_frame has taken */
  uint32_t missing;     /* frames since the last one that was read, which will not come */
  uint32_t length;      /* of the whole frame, bytes */
} thing_p2p_frame;

/* Flags of a frame. */
#define THING_P2P_FRAME_KEY 1 /* it needs none before it; all others need those since the last that has this */

#define THING_P2P_MAX_FRAME 4194304 /* bytes */

/* What thing_p2p_poller_wait tells. As long as it is so, each time again: */
enum {
  THING_P2P_EVENT_READABLE = 1, /* a channel has bytes or a whole frame */
  THING_P2P_EVENT_WRITABLE = 2, /* a channel's send buffer has room */
  THING_P2P_EVENT_ACCEPT = 4,   /* a device has a session to accept */
  THING_P2P_EVENT_CLOSED = 8,   /* a session has ended, `code` says why; until it is disconnected */
  /* and once for each time, or for several in a row: */
  THING_P2P_EVENT_PATH = 16,    /* a session has moved to another path */
  THING_P2P_EVENT_ONLINE = 32,  /* a device's connection to its server: `code` is 0, online, or why not */
  THING_P2P_EVENT_PAIRED = 64,  /* a device's pairings have changed */
  THING_P2P_EVENT_RATE = 128    /* frame_bps of thing_p2p_info has changed by a tenth */
};

/* What is so with a session or a device. */
typedef struct thing_p2p_event {
  uint32_t struct_size;        /* set by the caller in the first of a list */
  int32_t  handle;             /* of the session or the device */
  uint32_t events;             /* THING_P2P_EVENT_..., those that are so */
  uint32_t readable, writable; /* bit n: channel n */
  int32_t  code;               /* of _CLOSED or _ONLINE, otherwise 0 */
} thing_p2p_event;

/* An app, as the device sees it. Set struct_size as in thing_p2p_info. */
typedef struct thing_p2p_peer {
  uint32_t struct_size;                /* set by whoever provides the struct */
  char     uid[THING_P2P_ID_SIZE];     /* what the app passed to init: a claim, not proven */
  char     app_id[THING_P2P_ID_SIZE];  /* proven: names the app's key */
  char     trace_id[THING_P2P_TRACE_ID_SIZE];
  int32_t  has_ticket;                 /* 1: the app proved that it holds this device's ticket */
} thing_p2p_peer;

/* An app that a device remembers, so that it needs no ticket. */
typedef struct thing_p2p_pairing {
  uint32_t struct_size;               /* set by the caller in the first of a list */
  int32_t  sessions;                  /* that it has now */
  int64_t  since;                     /* Unix time in seconds, by the device's clock */
  char     app_id[THING_P2P_ID_SIZE]; /* proven when it was paired */
  char     uid[THING_P2P_ID_SIZE];    /* what the app said when it came last: a claim */
} thing_p2p_pairing;

/* ---- library ------------------------------------------------------------ */

/*
 * Sets an option for the thing_p2p_init and thing_p2p_device_open calls that
 * follow; what is already open keeps its own. Each option has an environment
 * variable, THINGP2P_ and the key in capitals, which is read when the library
 * is loaded; one with a bad value is ignored and named in the log. In a program
 * that has more rights than who starts it (setuid, capabilities) none is read.
 *
 *   server        rendezvous server, mqtt://, mqtts://, ws:// or wss://
 *                 [user:password@]host[:port][?pin=...], as thingp2pd prints
 *                 it; "" (default): none, LAN only. User and password are for
 *                 a broker with accounts of its own; thingp2pd is shown that
 *                 this side holds the key of its id, so clocks must be right
 *                 to ten minutes. A pin names the key of a server that has
 *                 made its certificate itself
 *   state_dir     directory where the app keeps its key; "" (default): a fresh
 *                 key each time
 *   ca_file       PEM roots for mqtts:// and wss://; "" (default): the system's
 *   lan           "on" (default) or "off": discovery in the local network
 *   lan_port      1 to 65535, default 47474: its UDP port, at which devices
 *                 listen; the same for apps and devices
 *   port_mapping  "on" (default) or "off": whether a NAT before this host is
 *                 asked to let others in at the library's UDP port, by PCP,
 *                 NAT-PMP or UPnP, in the background. What it maps ends at the
 *                 deinit or device_close, or after 20 minutes
 *   relay         "auto" (default), "never", or "only" (for tests)
 *   strangers     "off" (default): a device refuses apps that are not paired
 *                 and do not hold its ticket, at once; "ask": its authorizer
 *                 decides about them. Then whoever knows the device's id and
 *                 the server can have a question asked, and make the device
 *                 send a few packets to hosts that he names
 *   max_sessions  1 to 65536, default 1024: over it, THING_P2P_ERR_SESSION_LIMIT
 *                 for the own caller, THING_P2P_ERR_DEVICE_FULL for an app
 *   max_sessions_per_app
 *                 1 to 65536, default 64: of one app at a device; over it,
 *                 THING_P2P_ERR_DEVICE_FULL for that app
 *   accept_backlog
 *                 1 to 65536, default 128: sessions that a device has not
 *                 accepted yet; over it, THING_P2P_ERR_DEVICE_FULL. One that has
 *                 ended gives its place to the next
 *   offline_ms    1000 to 3600000, default 30000: a peer that is silent for so
 *                 long is gone
 *   send_buffer   4096 to 67108864, default 262144: bytes that a channel queues at
 *                 most; on a slow path fewer, what it carries within 60 ms, but
 *                 8192 in any case, since what has waited for long is of no use
 *   log           "off" (default), "error", "warn", "info" or "debug", for
 *                 stderr, or followed by a colon and a file, as in "debug:/tmp/
 *                 app.log": where the log is written, at once and line by line,
 *                 beside what thing_p2p_set_log does. A file is made for its
 *                 owner only, and appended to. It has an effect at once, and is
 *                 for programs that are in use: THINGP2P_LOG=debug
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, unknown key or bad value; or the file
 *                                    of the log cannot be written
 */
THING_P2P_API int thing_p2p_set_option(const char *key, const char *value);

/*
 * Prepares the app side. `uid`, 1 to 80 bytes of UTF-8 without control or invisible
 * characters (U+200C and U+200D may be), names the user to the devices.
 * Starts the connection to the server and does not wait for it. A device needs
 * no init.
 *
 * Returns THING_P2P_OK, also when this uid is initialised already, or
 *   THING_P2P_ERR_ALREADY_INITIALIZED  with another uid: deinit first
 *   THING_P2P_ERR_INVALID_PARAMETER    NULL, empty, too long or with other
 *                                      characters; or the option state_dir or
 *                                      ca_file cannot be used
 *   THING_P2P_ERR_BUSY                 another process, or a device of this one,
 *                                      uses the directory of the option state_dir
 */
THING_P2P_API int thing_p2p_init(const char *uid);

/*
 * Ends the app side: attempts fail with THING_P2P_ERR_CONNECT_BREAK, sessions
 * are disconnected (what is buffered is sent for up to a second) and their
 * handles are gone, blocked calls return THING_P2P_ERR_CLOSED_LOCAL. All
 * callbacks of attempts have been called when it returns; called from inside
 * one, it runs the others itself. Devices are not affected.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 */
THING_P2P_API int thing_p2p_deinit(void);

/* Returns the library's version, such as "1.2.3"; static. */
THING_P2P_API const char *thing_p2p_version(void);

/* Returns an English sentence for any code; static, never NULL. */
THING_P2P_API const char *thing_p2p_strerror(int code);

/* Returns a code's name, such as "THING_P2P_ERR_TIMEOUT", for an unknown code
 * "THING_P2P_ERR_UNKNOWN"; static, never NULL. */
THING_P2P_API const char *thing_p2p_error_name(int code);

/* ---- app ---------------------------------------------------------------- */

/* The session is ready. `handle` is the caller's until thing_p2p_disconnect. */
typedef void (*thing_p2p_success_cb)(int handle, void *user);

/* The attempt failed with a code of the list at thing_p2p_connect. */
typedef void (*thing_p2p_failure_cb)(int err_code, void *user);

/*
 * Binds `name`, of the caller's choice and with 1 to 80 bytes, to a ticket
 * until deinit, so that thing_p2p_connect takes the name. A second ticket for
 * the same name replaces the first. The device's id means the ticket's device
 * from then on, too.
 *
 * Here and in thing_p2p_connect, texts are taken as people paste them: white space
 * and a byte-order mark around them do not count, a ticket or an id may be broken
 * into lines, ids and the prefix of tickets may be in upper case. What is pasted has
 * at most 1023 bytes.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_ID         not a ticket
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, empty or too long; the name is the id
 *                                    or the ticket of another device; or it is new,
 *                                    and there are 100000 devices
 */
THING_P2P_API int thing_p2p_add_device(const char *name, const char *ticket);

/*
 * Tells of an address at which the device was found by other means, such as the
 * system's own discovery (Bonjour, Android NSD): "192.168.1.20:4711" or
 * "[fe80::1%eth0]:4711", as thing_p2p_device_address gave it. `target` is what
 * thing_p2p_connect takes. Attempts in progress try the address at once, later
 * ones from their start, until deinit; the latest 4 of a device are kept. Who
 * really is there is proven when connecting.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_ID         neither id, ticket nor known name
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, or not such an address; or one that
 *                                    cannot be another host's: multicast, broadcast,
 *                                    reserved, or loopback (except on a host that
 *                                    has nothing else); or a new device, and there
 *                                    are 100000
 */
THING_P2P_API int thing_p2p_add_address(const char *target, const char *address);

/*
 * Says that the host's network has changed, or that the process was suspended: the
 * app and all devices of this process look at once whether their connections to
 * servers and the paths of their sessions still work, and look for others where they
 * do not. Without this call they find out by themselves: at once where the system
 * tells of addresses that change, as Linux, macOS, the BSDs and Windows do unless
 * they deny it, else later. Does not wait. May be called at any time, and as often
 * as one likes.
 *
 * Returns THING_P2P_OK.
 */
THING_P2P_API int thing_p2p_network_changed(void);

/*
 * Names the addresses of this host with their networks, with white space between
 * them, as in "192.168.1.5/24 fe80::1%wlan0/64", where the system does not tell them
 * to a program: on Android 11 and later they are in ConnectivityManager's
 * LinkProperties. They hold for the app and all devices of this process, instead of
 * what the system says, and at once, as if thing_p2p_network_changed were called;
 * call it again when they change. "" makes the library ask the system again. Without
 * this call, and where interfaces may not be listed, the library takes the addresses
 * from which the host sends into the internet.
 *
 * May be called at any time, also before thing_p2p_init; it then starts the library's
 * threads. Link-local IPv6 addresses, and no others, need the interface, by its name
 * or number.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, or not such addresses, or more than 256:
 *                                    then nothing has changed, and the log says which
 *                                    is wrong
 *   THING_P2P_ERR_NO_MEMORY
 */
THING_P2P_API int thing_p2p_set_addresses(const char *addresses);

/*
 * Starts to connect and returns at once. If it returns THING_P2P_OK, exactly
 * one of `success` and `failure` is called, exactly once; otherwise neither.
 *
 * Three ways race, and the first that works wins: addresses that are known (where
 * the device was reached last, the ticket's, thing_p2p_add_address's), the local
 * network, and the server, if there is one. In LAN mode the server is asked 300 ms
 * after the local network, in Internet mode the local network 300 ms after the
 * server.
 *
 * `target` is a device id, a ticket, or a name that thing_p2p_add_device bound.
 * `timeout_ms` 0 means the default: 15000 in Internet mode, 3000 in LAN mode.
 * `trace_id` is NULL or has THING_P2P_TRACE_ID_SIZE bytes; it names the attempt
 * on both sides, and is written before a callback can run.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_ID         neither id, ticket nor known name
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL target, success or failure; unknown
 *                                    mode; negative timeout; target too long
 * and the failure callback gets one of
 *   THING_P2P_ERR_TIMEOUT, THING_P2P_ERR_DEVICE_NOT_ONLINE,
 *   THING_P2P_ERR_NO_RELAY, THING_P2P_ERR_CONNECT_BREAK (by break_connect or
 *   deinit), THING_P2P_ERR_SESSION_LIMIT, THING_P2P_ERR_HANDSHAKE,
 *   THING_P2P_ERR_NO_ANSWER, THING_P2P_ERR_SIGNALING, THING_P2P_ERR_REMOTE,
 *   THING_P2P_ERR_DEVICE_PRIVACY, THING_P2P_ERR_DEVICE_FULL,
 *   THING_P2P_ERR_AUTH, THING_P2P_ERR_DEVICE_BUSY, or another code that the
 *   device's authorizer returned.
 */
THING_P2P_API int thing_p2p_connect(const char *target, int mode, int timeout_ms,
                                    thing_p2p_success_cb success, thing_p2p_failure_cb failure, void *user,
                                    char *trace_id);

/*
 * As thing_p2p_connect, but waits for the end of the attempt. `trace_id` is
 * written before the attempt starts: another thread may break it.
 *
 * Returns the session's handle (1 or more), or a code that thing_p2p_connect
 * returns or hands to its failure callback.
 */
THING_P2P_API int thing_p2p_connect_wait(const char *target, int mode, int timeout_ms, char *trace_id);

/*
 * Ends the attempt that `trace_id` names: its failure callback (or
 * thing_p2p_connect_wait) gets THING_P2P_ERR_CONNECT_BREAK. Does not wait for
 * that. An established session is not affected.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, or no attempt of this name under way
 */
THING_P2P_API int thing_p2p_break_connect(const char *trace_id);

/*
 * Makes the next thing_p2p_connect to a device take one round trip, if it comes within
 * five minutes: for an app that shows its user a list of devices, one of which will be
 * chosen. Connects in the background, and asks the device for nothing: nobody there hears
 * of it, no authorizer is asked and no session is taken. Another call for the same device
 * gives it another five minutes; after them it ends in silence. `target` is as in
 * thing_p2p_connect.
 *
 * Whether there is a connection by the time of the connect is not told. There is none, and
 * the connect is as always, if the device is off, of a version before this, or does not
 * know the app.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_ID         neither a device id, a ticket nor a known name
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL or too long
 *   THING_P2P_ERR_SESSION_LIMIT      for eight devices already
 */
THING_P2P_API int thing_p2p_preconnect(const char *target);

/*
 * Ends what thing_p2p_preconnect has begun with a device, if anything. Sessions are not
 * affected.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_ID         neither a device id, a ticket nor a known name
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL or too long
 */
THING_P2P_API int thing_p2p_close_preconnect(const char *target);

/*
 * Asks a device again, now: for a program that knows, by a push service say, that the
 * device has just woken. All attempts to it that are under way repeat their offer at
 * once; otherwise they do so every second. `target` is as in thing_p2p_connect.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_NOT_INITIALIZED
 *   THING_P2P_ERR_INVALID_ID         neither a device id, a ticket nor a known name
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL or too long, or no attempt is under way
 */
THING_P2P_API int thing_p2p_resend_offer(const char *target);

/*
 * Says how an attempt goes or went, and its session: writes a report, with its NUL,
 * to `buffer` of `size` bytes (THING_P2P_REPORT_SIZE is always enough). There is one of
 * each of the last 64 attempts of the app, and of each device of this process, and of
 * all sessions. Of apps without ticket and pairing, a device has the last 16. Of a
 * session that is older, a report has what is not marked with + only. All that the
 * other side saw is in its own report, on its machine.
 *
 * A report is one JSON object in UTF-8. It holds addresses and ids, and no secrets. All
 * members are always there; null is what was not, or is not known. Times ("..._ms") are
 * in milliseconds since the attempt began: with connect, on a device with the first that
 * came from the app. Of other members that later versions have, take no notice.
 *   version             1
 *   trace_id, device_id
 *   side                "app" or "device": whose report it is
 *   mode +              "internet" or "lan"; null on a device
 *   app_id, uid         on a device, of the app, else ""
 *   started             "2026-01-31T12:00:00.000Z"
 *   state               "connecting", "connected", "failed", or "closed": connected before
 *   summary             what came of it and why, in a sentence, in English
 *   cause               the same in a word: running, connected; too_short (the time),
 *                       broken (off, here), udp_blocked (on this side), quic_dropped (ICE
 *                       passes), no_path, no_relay (is to be had), relay_refused;
 *                       wrong_device (holds the address), old_ticket, not_paired, refused,
 *                       privacy, device_busy, device_full, undecided, device_off,
 *                       device_unseen (by the server, ever), no_answer, not_in_lan;
 *                       no_server (is set), server_dead, server_name (is not found),
 *                       server_pin, server_certificate, clock (is wrong), login (refused);
 *                       version, limit (here, of sessions, files or memory), fault, other
 *   result              of the attempt: code; name, without THING_P2P_; path, "lan",
 *                       "direct" or "relay"; connect_ms, null on a device; ended_ms
 *   why_relay           why a relay carried the session at its beginning
 *   session             if there was one: path now; ended_ms +, code and name of its end
 *   nat                 own, peer: "none", "cone" (all see one address), "symmetric"
 *                       (others see others) or "unknown"
 *   device_says +       on an app, of an attempt that takes more than 2 s, if it has its
 *                       ticket or is paired: cause and nat as the device sees them, told_ms
 *   lan_asked_ms +      when the local network was asked
 *   server +            online_ms, offered_ms, offers, answered_ms, problem
 *   stun +, relay +     what was asked for here: asked_ms, got_ms, failed_ms, address,
 *                       problem
 *   own_candidates +, peer_candidates +
 *                       what the sides named, each with type ("host", "srflx", "relay")
 *                       and address
 *   paths +             what was tried, each with
 *     way               "lan" (answered there), "known" (address), "ice", "straight" (the
 *                       app came by itself)
 *     own               "socket" or "relay"
 *     peer              the type of its candidate, or "prflx" (it named none), ""
 *     address
 *     began_ms, found_ms (ICE's checks came through), dialed_ms (by QUIC), dials, ended_ms
 *     outcome           "won", "failed", "given_up", "not_needed", "found", "running"
 *     why               in words, or ""
 *   paths_left_out +    how many paths are not listed
 *
 * Returns the report's length without the NUL, or
 *   THING_P2P_ERR_NOT_INITIALIZED    neither thing_p2p_init nor thing_p2p_device_open was called
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, size < 1, or no report has this trace id
 *   THING_P2P_ERR_BUFFER_TOO_SMALL   nothing was written
 */
THING_P2P_API int thing_p2p_report(const char *trace_id, char *buffer, int size);

/* ---- a session, on either side ------------------------------------------ */

/*
 * Reads from a channel, a stream of bytes: returns as soon as there is at least
 * one, with up to `length`. One reader at a time per channel; further ones wait
 * their turn.
 *
 * Returns the number of bytes (1 or more), or
 *   THING_P2P_ERR_TIMEOUT            nothing came in time; the session lives
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, length < 1, channel outside 0 to 7, or the
 *                                    channel carries frames
 * or, when all bytes that arrived before the end have been read:
 *   THING_P2P_ERR_CLOSED_REMOTE, THING_P2P_ERR_CLOSED_TIMEOUT
 * or, at once:
 *   THING_P2P_ERR_CLOSED_LOCAL       disconnected, or its owner closed, during the call
 */
THING_P2P_API int thing_p2p_read(int handle, int channel, void *buffer, int length, int timeout_ms);

/*
 * Sends on a channel: returns when bytes have been taken into the channel's
 * send buffer (option send_buffer). A receiver that does not read slows its own
 * channel down, and no other. The bytes of two threads that send on one channel
 * at the same time may mix.
 *
 * Returns the number of bytes taken (1 to length; less than length when the
 * time was up or the session ended meanwhile), or
 *   THING_P2P_ERR_TIMEOUT            none could be taken in time; the session lives
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, length < 1, channel outside 0 to 7, or the
 *                                    channel carries frames
 *   THING_P2P_ERR_CLOSED_REMOTE, THING_P2P_ERR_CLOSED_TIMEOUT, THING_P2P_ERR_CLOSED_LOCAL
 */
THING_P2P_API int thing_p2p_send(int handle, int channel, const void *buffer, int length, int timeout_ms);

/*
 * Sends a live frame, such as a picture or a piece of sound, whole: it comes out of
 * thing_p2p_read_frame in one piece, or not at all, and no lost packet of one frame
 * holds up another. Never waits, and copies the frame.
 *
 * `deadline_ms` is how long from now the frame is of use at the other side, 0: for
 * ever. What cannot be there in time is dropped here, before it costs anything, and
 * so is all that needs it: every frame up to the next that has THING_P2P_FRAME_KEY
 * in `flags`. Where each frame stands for itself, give them all this flag. With a
 * deadline, a key frame makes older ones go that would keep it from being in time.
 *
 * A channel's direction carries either bytes or frames, as the first call of
 * thing_p2p_send or of this function decides. How much an encoder should produce:
 * frame_bps of thing_p2p_info.
 *
 * Returns `length`, or
 *   THING_P2P_ERR_TIMEOUT            it could not be there in time, or 4 MB or 256
 *                                    frames wait already
 *   THING_P2P_ERR_KEY_FRAME          a frame since the last key frame was dropped:
 *                                    make the encoder produce a key frame
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, length outside 1 to THING_P2P_MAX_FRAME,
 *                                    another flag, a negative deadline, channel
 *                                    outside 0 to 7; or the channel carries bytes
 *   THING_P2P_ERR_CLOSED_REMOTE, THING_P2P_ERR_CLOSED_TIMEOUT, THING_P2P_ERR_CLOSED_LOCAL
 */
THING_P2P_API int thing_p2p_send_frame(int handle, int channel, const void *frame, int length, int flags,
                                       int deadline_ms);

/*
 * Waits for the next whole frame of a channel, in the order in which they were sent.
 * `frame` may be NULL. Frames that nobody reads are kept up to 8 MB or 256 of them,
 * then the sender's wait, and get late there.
 *
 * Returns its length, or
 *   THING_P2P_ERR_TIMEOUT            none came in time; the session lives
 *   THING_P2P_ERR_BUFFER_TOO_SMALL   frame->length says how large it is; it stays
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  buffer is NULL, length < 1, channel outside 0
 *                                    to 7, or a struct_size that is too small; or
 *                                    the other side sends bytes on this channel
 * or, when all frames that came before the end have been read:
 *   THING_P2P_ERR_CLOSED_REMOTE, THING_P2P_ERR_CLOSED_TIMEOUT
 * or, at once:
 *   THING_P2P_ERR_CLOSED_LOCAL       disconnected, or its owner closed, during the call
 */
THING_P2P_API int thing_p2p_read_frame(int handle, int channel, void *buffer, int length, thing_p2p_frame *frame,
                                       int timeout_ms);

/*
 * Drops what is queued on a channel and has not left yet, so that what is sent next
 * does not wait behind it: after a seek, say. Frames are dropped whole, and the next
 * one must be a key frame. Of bytes, the reader sees what is sent next right behind
 * what had left: clear between two messages of your own.
 *
 * Returns the number of bytes dropped, or
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  channel outside 0 to 7
 *   THING_P2P_ERR_CLOSED_REMOTE, THING_P2P_ERR_CLOSED_TIMEOUT, THING_P2P_ERR_CLOSED_LOCAL
 */
THING_P2P_API int thing_p2p_clear(int handle, int channel);

/*
 * Tells how much is queued on a channel and has not left yet, and, unless age_ms is
 * NULL, for how many milliseconds the oldest of it has been. Never waits.
 *
 * Returns the number of bytes, or the codes of thing_p2p_clear.
 */
THING_P2P_API int thing_p2p_unsent(int handle, int channel, int *age_ms);

/*
 * Tells whether the session is usable; never waits.
 *
 * Returns THING_P2P_OK, or why it is not:
 *   THING_P2P_ERR_CLOSED_REMOTE, THING_P2P_ERR_CLOSED_TIMEOUT,
 *   THING_P2P_ERR_CLOSED_LOCAL, THING_P2P_ERR_INVALID_SESSION
 */
THING_P2P_API int thing_p2p_active_check(int handle);

/*
 * Fills `info`; also after the other side has closed.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, or struct_size below 8
 */
THING_P2P_API int thing_p2p_session_info(int handle, thing_p2p_info *info);

/*
 * Tells who is at the other end of a device's session; also after its end, until
 * thing_p2p_disconnect. On an app's session the other end is the device_id of
 * thing_p2p_session_info.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, or struct_size below 8; or the session is
 *                                    an app's
 */
THING_P2P_API int thing_p2p_session_peer(int handle, thing_p2p_peer *peer);

/*
 * Closes a session: wakes every call blocked on it with
 * THING_P2P_ERR_CLOSED_LOCAL, sends what is buffered for up to a second, and
 * returns. The other side reads the bytes that arrived, then
 * THING_P2P_ERR_CLOSED_REMOTE. Must be called for each session, also for one
 * that the other side closed; deinit and device_close do it for theirs.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION  also for a second disconnect
 */
THING_P2P_API int thing_p2p_disconnect(int handle);

/* ---- device ------------------------------------------------------------- */

/*
 * Decides about an app before its session begins: returns THING_P2P_OK to
 * accept it, or one of THING_P2P_ERR_..., which its failure callback gets; any
 * other value counts as THING_P2P_ERR_AUTH. `peer` is valid until it returns. It
 * is asked about paired apps and those that hold the ticket; about others,
 * strangers, only if the option `strangers` is "ask".
 *
 * It may take as long as a person needs: the app waits until its own timeout. So
 * that nobody is kept out by a question about somebody else, it may run on three
 * threads at once, one for paired apps, one for apps with the ticket, and one for
 * strangers; questions of one kind follow each other. It is called once for an
 * attempt, and once at a time for a stranger, whose further attempts get the same
 * answer. Apps that have given up by then are not asked about. If the ticket was
 * reset or the app unpaired in the meantime, it is refused all the same.
 */
typedef int (*thing_p2p_authorize_cb)(int device, const thing_p2p_peer *peer, void *user);

/*
 * Makes a device, offline at first. Its key, its ticket's secret and the paired
 * apps are kept in `state_dir`, which is made if there is none; NULL: in memory
 * only, a new identity each time.
 *
 * Returns the device's handle (1 or more), or
 *   THING_P2P_ERR_INVALID_PARAMETER  state_dir is empty, too long or cannot be
 *                                    used, or the option ca_file cannot
 *   THING_P2P_ERR_BUSY               another process, or another device of this
 *                                    one, uses state_dir
 */
THING_P2P_API int thing_p2p_device_open(const char *state_dir);

/*
 * Writes the device's id, with its NUL, to `buffer` of `size` bytes
 * (THING_P2P_ID_SIZE is enough).
 *
 * Returns the id's length without the NUL, or
 *   THING_P2P_ERR_INVALID_SESSION    no such device
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, or size < 1
 *   THING_P2P_ERR_BUFFER_TOO_SMALL   nothing was written
 */
THING_P2P_API int thing_p2p_device_id(int device, char *buffer, int size);

/*
 * Writes the device's ticket, all that an app needs to reach it; keep it
 * secret. THING_P2P_TICKET_SIZE is enough. The ticket also says where the device
 * is in its local network now, so a fresh one is found at once there; one with
 * addresses of yesterday is as good, and a little slower. Returns as
 * thing_p2p_device_id does.
 */
THING_P2P_API int thing_p2p_device_ticket(int device, char *buffer, int size);

/*
 * Writes the "address:port" at which the device takes connections in its local
 * network, to be announced by the platform's own means or printed; for
 * thing_p2p_add_address. It changes with the network, and without a state_dir with
 * each start. 64 bytes are enough. Returns as thing_p2p_device_id does, or
 *   THING_P2P_ERR_DEVICE_NOT_ONLINE  this host has no address
 */
THING_P2P_API int thing_p2p_device_address(int device, char *buffer, int size);

/*
 * Lists the apps that are paired with the device, the oldest first. An app is
 * paired once it has connected with the ticket. Writes at most `count` of them to
 * `list`, which may be NULL with a count of 0; the struct_size of the first says
 * how large each is, and the others lie that far apart.
 *
 * Returns how many there are, which may be more than were written, or
 *   THING_P2P_ERR_INVALID_SESSION    no such device
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL with a count above 0, count < 0, or the
 *                                    first one's struct_size below 8
 */
THING_P2P_API int thing_p2p_device_pairings(int device, thing_p2p_pairing *list, int count);

/*
 * Forgets a paired app and ends its sessions at once; it then needs the ticket
 * again, or with the option `strangers` the authorizer's yes. If it may still have the ticket, call
 * thing_p2p_device_reset_ticket before.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION    no such device
 *   THING_P2P_ERR_INVALID_ID         no such app is paired
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, empty or too long
 *   THING_P2P_ERR_INTERNAL           the state could not be saved: nothing changed
 */
THING_P2P_API int thing_p2p_device_unpair(int device, const char *app_id);

/*
 * Gives the device a new ticket. The old one lets nobody in any more; sessions
 * and pairings stay.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION  no such device
 *   THING_P2P_ERR_INTERNAL         the state could not be saved: nothing changed
 */
THING_P2P_API int thing_p2p_device_reset_ticket(int device);

/*
 * Sets who decides about apps. NULL, as at first: apps that hold the ticket and
 * paired apps are accepted. Others get THING_P2P_ERR_AUTH, with an authorizer too
 * unless the option `strangers` says otherwise. Once it has returned, the previous
 * authorizer is not called any more: it waits for one that runs, unless that makes the
 * call. So have nothing locked that it needs, such as the thread that asks a person.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION  no such device
 */
THING_P2P_API int thing_p2p_device_set_authorizer(int device, thing_p2p_authorize_cb authorize, void *user);

/*
 * Sets an option of thing_p2p_set_option for this device only; before
 * thing_p2p_device_listen. All but state_dir and log can be: so devices of one process
 * can have different servers, which their tickets then name.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION    no such device
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, unknown key or bad value, or a ca_file that
 *                                    cannot be used; or thing_p2p_device_listen was
 *                                    called
 */
THING_P2P_API int thing_p2p_device_set_option(int device, const char *key, const char *value);

/*
 * Goes online, through the server (option server), in the local network, or
 * both, and does not wait for it; stays so, and reconnects, until device_close.
 *
 * Returns THING_P2P_OK, also when the device is online already, or
 *   THING_P2P_ERR_INVALID_SESSION  no such device
 *   THING_P2P_ERR_SIGNALING        the network cannot be used
 */
THING_P2P_API int thing_p2p_device_listen(int device);

/*
 * Writes how the device can be reached now, as JSON in one line and with its NUL; 2048
 * bytes are enough. Never waits. Members may be added; now there are
 *
 *   "listening"  true once thing_p2p_device_listen has been called
 *   "online"     whether it is connected to its server; false if it has none
 *   "server"     the server, without user and password; "": none
 *   "since"      Unix time in seconds: when "online" has last changed, or "listening"
 *                if there is no server
 *   "code"       0, or why a device that listens and has a server is not online:
 *                THING_P2P_ERR_SIGNALING or THING_P2P_ERR_NO_MEMORY
 *   "error"      the same as a sentence, "" with code 0: for people, not for programs
 *   "address"    as thing_p2p_device_address tells; not there if this host has none
 *   "sessions"   how many sessions the device has
 *
 * Returns the text's length without the NUL, or the codes of thing_p2p_device_id.
 */
THING_P2P_API int thing_p2p_device_status(int device, char *buffer, int size);

/*
 * Waits for an app and returns its session: of those that live the one that
 * waits longest, and if none does, one that has ended, from which what had
 * arrived can still be read. `peer`, which may be NULL, tells who it is; set its
 * struct_size before.
 *
 * Returns the session's handle (1 or more), the caller's until
 * thing_p2p_disconnect or device_close, or
 *   THING_P2P_ERR_TIMEOUT
 *   THING_P2P_ERR_LISTEN_BREAK       the device was closed meanwhile
 *   THING_P2P_ERR_INVALID_SESSION    no such device
 *   THING_P2P_ERR_INVALID_PARAMETER  peer's struct_size is below 8
 */
THING_P2P_API int thing_p2p_accept(int device, int timeout_ms, thing_p2p_peer *peer);

/*
 * Ends a device, and waits for its authorizer as thing_p2p_device_set_authorizer
 * does: goes offline, disconnects its sessions, whose handles are gone, and wakes
 * blocked calls, accept with THING_P2P_ERR_LISTEN_BREAK, read and send with
 * THING_P2P_ERR_CLOSED_LOCAL.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION  no such device, or closed before
 */
THING_P2P_API int thing_p2p_device_close(int device);

/* ---- many at once ------------------------------------------------------- */

/*
 * Makes a poller, which waits for any number of sessions and devices in one call, or
 * with one descriptor, where threads that wait in thing_p2p_read and
 * thing_p2p_accept would be too many. It needs no init, and ends with
 * thing_p2p_poller_close only. There may be several, also for one session.
 *
 * Returns the poller's handle (1 or more).
 */
THING_P2P_API int thing_p2p_poller_open(void);

/*
 * Says what thing_p2p_poller_wait tells of a session or a device from now on:
 * `events` are some of THING_P2P_EVENT_..., 0: it is not watched any more. Those
 * that do not fit, such as _ACCEPT for a session, are never so. `channels` says for
 * which _READABLE and _WRITABLE count, bit n is channel n; 0xff: all of them. A
 * second call for a handle replaces the first. An idle channel that is watched
 * costs next to nothing. A session leaves all pollers when it is disconnected, or its
 * owner ended, and a device when it is closed: it may be watched, and closed,
 * by any thread, also while others wait.
 *
 * Where a program has not asked before, _ONLINE and _RATE are also told at first, if
 * it is known by then.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION    no such poller, or no such session or device
 *   THING_P2P_ERR_INVALID_PARAMETER  an unknown bit in events or in channels
 */
THING_P2P_API int thing_p2p_poller_set(int poller, int handle, uint32_t events, uint32_t channels);

/*
 * Waits until something is so that is watched for, and writes at most `count` of
 * what is so to `events`, each session and device once; the struct_size of the first
 * says how large each is, and the others lie that far apart. More than fit are told
 * by the next call, so that none waits for ever.
 *
 * Reads and sends with a timeout of 0 do the rest. What is readable gives bytes, or a
 * frame; what is writable takes bytes, or a frame that is as large as the one before.
 * _WRITABLE is nearly always so: ask for it only while something waits to be sent. With _CLOSED nothing more comes: a read
 * of each channel gives what is left, then the code, and never
 * THING_P2P_ERR_TIMEOUT. So read before thing_p2p_disconnect. Nothing
 * is taken by telling of it; several threads may wait on one poller, and hear of the
 * same. What they are told may just have been taken, or closed, by another.
 *
 * Returns how many were written (1 to count), or
 *   0                                for a call of thing_p2p_poller_wake
 *   THING_P2P_ERR_TIMEOUT
 *   THING_P2P_ERR_INVALID_SESSION    no such poller
 *   THING_P2P_ERR_INVALID_PARAMETER  NULL, count < 1, or the first one's struct_size
 *                                    below 8
 *   THING_P2P_ERR_CLOSED_LOCAL       the poller was closed meanwhile
 */
THING_P2P_API int thing_p2p_poller_wait(int poller, thing_p2p_event *events, int count, int timeout_ms);

/*
 * Makes one call of thing_p2p_poller_wait return 0, before all that is so: one that
 * waits now, or the next. Never waits.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION  no such poller
 */
THING_P2P_API int thing_p2p_poller_wake(int poller);

/*
 * Gives a descriptor for the program's own loop: it is readable while
 * thing_p2p_poller_wait would return at once. It is for poll, select, epoll and their like
 * only: never read from it, nor close it. It is closed with the poller, and by exec.
 *
 * Returns the descriptor (0 or more), the same each time, or
 *   THING_P2P_ERR_INVALID_SESSION    no such poller
 *   THING_P2P_ERR_INVALID_PARAMETER  on Windows, where there is none
 *   THING_P2P_ERR_NO_MEMORY          the process has too many open files
 */
THING_P2P_API int thing_p2p_poller_fd(int poller);

/*
 * Ends a poller, and wakes who waits on it with THING_P2P_ERR_CLOSED_LOCAL. What it
 * watched is not affected.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_SESSION  no such poller, or closed before
 */
THING_P2P_API int thing_p2p_poller_close(int poller);

/* ---- log ---------------------------------------------------------------- */

/* One line, without a line end; `level` is one of THING_P2P_LOG_ERROR to _DEBUG. */
typedef void (*thing_p2p_log_cb)(int level, const char *line, void *user);

/*
 * Sends the log up to `level` to `log`; NULL or THING_P2P_LOG_OFF, as at first,
 * turns it off. Lines are dropped when `log` is slower than they come; a line
 * says how many. Before it returns, the previous callback gets the lines that
 * wait for it, unless a log callback makes this call, and is not called any more
 * after that. So have calls that return an error, read, send and accept
 * excepted: where there is more to say than the code does, it has reached `log`
 * when they return, unless that takes it more than 5 s: do not hold a lock in a
 * call that `log` takes.
 *
 * Returns THING_P2P_OK, or
 *   THING_P2P_ERR_INVALID_PARAMETER  unknown level
 */
THING_P2P_API int thing_p2p_set_log(int level, thing_p2p_log_cb log, void *user);

#ifdef __cplusplus
}
#endif

#endif
