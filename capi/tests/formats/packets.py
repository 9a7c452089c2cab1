"""Formats that are bytes: envelopes, and questions in the local network, which are knocks elsewhere."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sealing import DHKEM, ENCAPSULATED_BYTES, XWING, agree, agreement_key, check_signature, hkdf, need, receiver, sender
from texts import MAX_TIME

ENVELOPE = b"thingp2p message through a rendezvous server\n"
KEMS = {1: DHKEM, 2: XWING}


def read_envelope(holder, data):
    need(data and data[0] in KEMS)
    kem = KEMS[data[0]]
    text_at = 41 + ENCAPSULATED_BYTES[kem]
    need(0 <= len(data) - text_at - 16 - 64 <= 8 << 10)
    time = int.from_bytes(data[33:41], "big")
    need(time <= MAX_TIME)
    who, body, signature = data[1:33], data[:-64], data[-64:]
    check_signature(who, signature, ENVELOPE + holder.public + body)
    text = receiver(holder, kem, data[41:text_at], ENVELOPE).open(data[:41], data[text_at:-64])
    return {"version": data[0], "sender": who.hex(), "time": time, "text": text.hex()}


def make_envelope(holder, to, mlkem_key, time, text):
    encapsulated, context = sender(to, mlkem_key, ENVELOPE)
    head = bytes([2 if mlkem_key else 1]) + holder.public + time.to_bytes(8, "big")
    body = head + encapsulated + context.seal(head, text)
    return body + holder.sign(ENVELOPE + to + body)


def _question(packet, context, time):
    proof = context.export(b"thingp2p/1 answer", 24)
    return {"time": time, "mark": packet[33:41].hex(), "answer": (b"\x21" + packet[1:9] + proof).hex(),
            "shared": context.export(b"thingp2p/1 knock", 32).hex()}


def read_question(holder, packet):
    need(len(packet) == 65 and packet[0] == 0x20)
    context = receiver(holder, DHKEM, packet[1:33], b"thingp2p/1 query")
    return _question(packet, context, int.from_bytes(context.open(packet[33:41], packet[41:]), "big", signed=True))


def mark(holder, other, key):
    """What a question of one of two carries, for the other."""
    pair = b"".join(sorted([holder.public, other]))
    secret = hkdf(agree(holder.x25519, agreement_key(other)), b"", b"thingp2p/1 mark of a question\n" + pair, 32)
    encryptor = Cipher(AES(secret[:16]), ECB()).encryptor()
    return encryptor.update(key[:16])[:8]


def make_question(holder, to, time):
    key, context = sender(to, None, b"thingp2p/1 query")
    own = mark(holder, to, key)
    packet = b"\x20" + key + own + context.seal(own, time.to_bytes(8, "big"))
    return {"packet": packet.hex()} | _question(packet, context, time)
