"""A device that says what it is asked, and an app that asks: peers.py LIBRARY device SERVER, peers.py LIBRARY app TICKET.

They meet on the relay: straight they would, without a server, since a ticket says where its device is.
"""

import ctypes
import sys

library, role, where = sys.argv[1:]
p2p = ctypes.CDLL(library)
p2p.thing_p2p_error_name.restype = ctypes.c_char_p
text = ctypes.create_string_buffer(1024)


def check(code):
    if code < 0:
        sys.exit(p2p.thing_p2p_error_name(code).decode())
    return code


def device():
    check(p2p.thing_p2p_set_option(b"server", where.encode()))
    device = check(p2p.thing_p2p_device_open(None))
    check(p2p.thing_p2p_device_ticket(device, text, len(text)))
    check(p2p.thing_p2p_device_listen(device))
    print(text.value.decode())
    while True:
        session = check(p2p.thing_p2p_accept(device, -1, None))
        size = p2p.thing_p2p_read(session, 0, text, len(text), -1)
        p2p.thing_p2p_send(session, 0, text, max(size, 0), -1)


def app():
    check(p2p.thing_p2p_init(b"app"))
    session = check(p2p.thing_p2p_connect_wait(where.encode(), 0, 5000, None))
    check(p2p.thing_p2p_send(session, 0, b"hello", 5, 5000))
    check(p2p.thing_p2p_read(session, 0, text, len(text), 5000))
    check(p2p.thing_p2p_deinit())
    print(text.value.decode())


check(p2p.thing_p2p_set_option(b"relay", b"only"))
{"device": device, "app": app}[role]()
