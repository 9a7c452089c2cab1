"""Ids, the keys that belong to them, and what is sealed to those (engine/README.md, Keys)."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import mlkem


class Refused(Exception):
    """What was read is not of the format, or not genuine."""


def need(condition):
    if not condition:
        raise Refused()


def raw(key):
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


# ---- base32 and ids


def base32_decode(text, size):
    """The bytes of a text in its one spelling, lower case."""
    try:
        data = base64.b32decode(text.upper().encode("ascii") + b"=" * (-len(text) % 8))
    except (ValueError, UnicodeError):
        raise Refused()
    need(len(data) == size and base32_encode(data) == text)
    return data


def base32_encode(data):
    return base64.b32encode(data).decode().rstrip("=").lower()


def ascii_lower(text):
    need(text.isascii())
    return text.lower()


def parse_id(text):
    return base32_decode(ascii_lower(text), 32)


# ---- Ed25519 and the X25519 and ML-KEM keys that belong to it

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def agreement_key(public):
    """The X25519 key of the holder of an Ed25519 key: the same point in Montgomery's form."""
    y = (int.from_bytes(public, "little") & (2**255 - 1)) % P
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    need(x2 == 0 or pow(x2, (P - 1) // 2, P) == 1)
    u = (1 + y) * pow(1 - y, P - 2, P) % P
    return u.to_bytes(32, "little")


class Holder:
    """Who holds a key: an endpoint, by its seed."""

    def __init__(self, seed):
        self.signing = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = raw(self.signing.public_key())
        self.x25519 = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])
        self.seed = seed
        self._mlkem = None

    @property
    def mlkem(self):
        if self._mlkem is None:
            self._mlkem = mlkem.key_pair(hkdf(self.seed, b"", b"thingp2p/1 ML-KEM-768 key", mlkem.SEED_BYTES))
        return self._mlkem

    def sign(self, text):
        return self.signing.sign(text)


def check_signature(public, signature, text):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        raise Refused()


# ---- HKDF (RFC 5869) and HPKE (RFC 9180), base mode


def extract(salt, key):
    return hmac.new(salt or bytes(32), key, hashlib.sha256).digest()


def expand(key, info, size):
    out, block = b"", b""
    for n in range(1, size // 32 + 2):
        block = hmac.new(key, block + info + bytes([n]), hashlib.sha256).digest()
        out += block
    return out[:size]


def hkdf(secret, salt, info, size):
    return expand(extract(salt, secret), info, size)


DHKEM, XWING = 0x0020, 0x647A
ENCAPSULATED_BYTES = {DHKEM: 32, XWING: mlkem.CIPHERTEXT_BYTES + 32}


def _labeled_extract(suite, salt, label, key):
    return extract(salt, b"HPKE-v1" + suite + label + key)


def _labeled_expand(suite, key, label, info, size):
    return expand(key, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, size)


def agree(private, public):
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:  # a point of small order
        raise Refused()


def _dhkem(shared, encapsulated, public):
    suite = b"KEM" + DHKEM.to_bytes(2, "big")
    key = _labeled_extract(suite, b"", b"eae_prk", shared)
    return _labeled_expand(suite, key, b"shared_secret", encapsulated + public, 32)


def _xwing(quantum, classical, encapsulated, public):
    return hashlib.sha3_256(quantum + classical + encapsulated + public + b"\\./" + b"/^\\").digest()


class Context:
    """HPKE's key schedule, and the first message."""

    def __init__(self, kem, shared, info):
        self.suite = b"HPKE" + kem.to_bytes(2, "big") + b"\x00\x01\x00\x03"  # HKDF-SHA256, ChaCha20-Poly1305
        context = b"\x00" + _labeled_extract(self.suite, b"", b"psk_id_hash", b"") + _labeled_extract(self.suite, b"", b"info_hash", info)
        secret = _labeled_extract(self.suite, shared, b"secret", b"")
        self.key = _labeled_expand(self.suite, secret, b"key", context, 32)
        self.nonce = _labeled_expand(self.suite, secret, b"base_nonce", context, 12)
        self.exporter = _labeled_expand(self.suite, secret, b"exp", context, 32)

    def seal(self, aad, text):
        return ChaCha20Poly1305(self.key).encrypt(self.nonce, text, aad)

    def open(self, aad, sealed):
        try:
            return ChaCha20Poly1305(self.key).decrypt(self.nonce, sealed, aad)
        except InvalidTag:
            raise Refused()

    def export(self, label, size):
        return _labeled_expand(self.suite, self.exporter, b"sec", label, size)


def sender(public, mlkem_key, info):
    """Seals to the holder of an Ed25519 key, and to its ML-KEM key if that is known."""
    to, fresh = agreement_key(public), X25519PrivateKey.generate()
    encapsulated, shared = raw(fresh.public_key()), agree(fresh, to)
    if not mlkem_key:
        return encapsulated, Context(DHKEM, _dhkem(shared, encapsulated, to), info)
    need(mlkem.is_key(mlkem_key))
    quantum, ciphertext = mlkem.encapsulate(mlkem_key, os.urandom(32))
    return ciphertext + encapsulated, Context(XWING, _xwing(quantum, shared, encapsulated, to), info)


def receiver(holder, kem, encapsulated, info):
    own = raw(holder.x25519.public_key())
    if kem == DHKEM:
        return Context(kem, _dhkem(agree(holder.x25519, encapsulated), encapsulated, own), info)
    ciphertext, encapsulated = encapsulated[:mlkem.CIPHERTEXT_BYTES], encapsulated[mlkem.CIPHERTEXT_BYTES:]
    quantum = mlkem.decapsulate(holder.mlkem[1], ciphertext)
    return Context(kem, _xwing(quantum, agree(holder.x25519, encapsulated), encapsulated, own), info)
