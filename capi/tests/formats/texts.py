"""Formats that are text, or JSON: tickets, passes, logins, statements, and what is said on the control stream and in envelopes."""

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import unicodedata

from sealing import Refused, ascii_lower, base32_decode, base32_encode, check_signature, hkdf, need, parse_id

# ---- base64, addresses


def base64url(text, size=None):
    """The bytes of unpadded base64url in its one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, UnicodeError):
        raise Refused()
    need(base64url_text(data) == text and size in (None, len(data)))
    return data


def base64url_text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def address(text):
    """"ip:port" as it is written back; IPv6 in brackets. Neither a zone nor IPv4 inside IPv6."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]+)", text, re.ASCII)
    need(match and int(match[3]) < 65536)
    try:
        if match[2]:
            return f"{ipaddress.IPv4Address(match[2])}:{int(match[3])}"
        ip = ipaddress.IPv6Address(match[1])
    except ValueError:
        raise Refused()
    need(ip.ipv4_mapped is None)
    return f"[{ip.compressed}]:{int(match[3])}"


# ---- tickets


def read_ticket(text):
    need(text.isascii() and len(text) <= 511 and text[:5].lower() == "t2p1.")
    data = base64url(text[5:])
    body, checksum = data[:-4], data[-4:]
    need(hashlib.sha256(body).digest()[:4] == checksum and len(body) >= 50)
    key, secret, rest = body[:32], body[32:48], body[48:]
    server, rest = rest[1:1 + rest[0]], rest[1 + rest[0]:]
    need(rest and len(rest) == 1 + rest[0])
    hints = [address(h.decode("latin-1")) for h in rest[1:].split(b" ") if h]
    need(len(hints) <= 8)
    return {"device": key.hex(), "secret": secret.hex(), "server": server.hex(), "hints": hints}


def make_ticket(device, secret, server, hints):
    hints = " ".join(hints).encode()
    body = device + secret + bytes([len(server)]) + server + bytes([len(hints)]) + hints
    return "t2p1." + base64url_text(body + hashlib.sha256(body).digest()[:4])


# ---- passes


def read_pass(name):
    data = base32_decode(ascii_lower(name), 32)
    return {"label": data[:8].hex(), "nonce": data[8:16].hex(), "tag": data[16:].hex()}


def make_pass(shared, nonce):
    material = hkdf(shared, b"", b"thingp2p/1 pass", 40)
    return base32_encode(material[:8] + nonce + hmac.new(material[8:], nonce, hashlib.sha256).digest()[:16])


# ---- logins


def split_host_port(text):
    """As a URL has them: a name or IPv4, or IPv6 in brackets, and a port."""
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):([^:\[\]]+)", text, re.DOTALL)
    need(match)
    return match[1] or match[2], match[3]


def _bytes(text):
    return text.encode("utf-8", "surrogateescape")


def _time(text):
    need(re.fullmatch(r"0|[1-9][0-9]{0,14}", text, re.ASCII))
    return int(text)


def _genuine(id_text, signature, signed):
    try:
        check_signature(parse_id(id_text), signature, signed)
        return True
    except Refused:
        return False


def read_login(user, password):
    need(base32_encode(parse_id(user)) == user)
    need(len(_bytes(password)) <= 1540)
    *claims, signature = password.split(" ")
    need(6 <= len(claims) <= 10 and claims[0] == "2" and claims[1] in ("a", "d") and "" not in claims)
    split_host_port(claims[2])
    issued, expires, nonce, signature = _time(claims[3]), _time(claims[4]), base64url(claims[5], 16), base64url(signature, 64)
    signed = f"thingp2p login to a rendezvous server\n{user}\n".encode() + _bytes(" ".join(claims))
    return {"role": claims[1], "server": _bytes(claims[2]).hex(), "issued": issued, "expires": expires, "nonce": nonce.hex(),
            "statements": [_bytes(s).hex() for s in claims[6:]], "genuine": _genuine(user, signature, signed)}


def make_login(holder, role, server, issued, expires, nonce, statements):
    user = base32_encode(holder.public)
    claims = " ".join(["2", role, server, str(issued), str(expires), base64url_text(nonce), *statements])
    signature = holder.sign(f"thingp2p login to a rendezvous server\n{user}\n{claims}".encode())
    return {"user": user, "password": claims + " " + base64url_text(signature)}


# ---- statements


def read_statement(app, text):
    need(len(_bytes(text)) <= 256)
    fields = text.split(".")
    need(len(fields) == 4 and fields[0] == "1")
    device, until, signature = fields[1], _time(fields[2]), base64url(fields[3], 64)
    need(base32_encode(parse_id(device)) == device)
    signed = f"thingp2p statement of a device about its app\n{device}\n{app}\n{until}".encode()
    return {"device": device, "until": until, "genuine": _genuine(device, signature, signed)}


def make_statement(holder, app, until):
    device = base32_encode(holder.public)
    signature = holder.sign(f"thingp2p statement of a device about its app\n{device}\n{app}\n{until}".encode())
    return {"text": f"1.{device}.{until}.{base64url_text(signature)}"}


# ---- JSON


class Number(str):
    """A number as it is written: only those that have a place become numbers."""


def _names_once(pairs):
    need(all(re.fullmatch(r"[a-z0-9_]+", name) for name, _ in pairs))
    need(len({name for name, _ in pairs}) == len(pairs))
    return dict(pairs)


def _no_constant(_):
    raise Refused()


def read_json(data):
    """One object, or null: names are lower case, and stand once."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_names_once, parse_int=Number, parse_float=Number,
                           parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused()
    need(value is None or isinstance(value, dict))
    return value or {}


def text_of(fields, name):
    value = fields.get(name)
    need(value is None or type(value) is str)
    return re.sub("[\ud800-\udfff]", "\ufffd", value or "")


def number_of(fields, name, bits):
    value = fields.get(name)
    if value is None:
        return 0
    need(isinstance(value, Number) and re.fullmatch(r"-?[0-9]+", value))
    value = int(value)
    need(-(1 << bits - 1) <= value < 1 << bits - 1)
    return value


def flag_of(fields, name):
    value = fields.get(name)
    need(value is None or type(value) is bool)
    return bool(value)


def bytes_of(fields, name):
    """Padded base64 (RFC 4648, section 4) in its one spelling."""
    text = text_of(fields, name)
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeError):
        raise Refused()
    need(base64.b64encode(data).decode() == text)
    return data


# ---- the control stream


def _behind_length(data, most):
    need(len(data) >= 2)
    size = int.from_bytes(data[:2], "big")
    need(size <= most and len(data) >= 2 + size)
    return read_json(data[2:2 + size]), len(data) - 2 - size


def _shows_what_it_says(text):
    for c in text:
        kind, formats = unicodedata.category(c), "\u200c\u200d"
        if kind in ("Cc", "Zl", "Zp") or (kind == "Cf" or "\U00013430" <= c <= "\U0001343f") and c not in formats:
            return False  # Unicode 15 has more of the last than Python 3.11 knows
    return True


def read_hello(data):
    fields, left = _behind_length(data, 1 << 10)
    uid, trace = text_of(fields, "uid"), text_of(fields, "trace")
    need(len(uid.encode()) <= 80 and _shows_what_it_says(uid))
    need(len(trace) <= 39 and all("!" <= c <= "~" for c in trace))
    return {"uid": uid, "trace": trace, "proof": bytes_of(fields, "proof").hex(), "mlkem": flag_of(fields, "mlkem"), "left": left}


def read_verdict(data):
    fields, left = _behind_length(data, 4 << 10)
    return {"code": number_of(fields, "code", 32), "mlkem": bytes_of(fields, "mlkem").hex(), "statement": text_of(fields, "statement"),
            "left": left}


def make_control(fields):
    text = json.dumps(fields).encode()
    return len(text).to_bytes(2, "big") + text


# ---- messages

MAX_TIME = 1 << 50  # in milliseconds, also of an envelope

KINDS = ("offer", "answer", "candidates", "refusal", "silence", "view", "late")


def _candidate(fields):
    fields = fields or {}
    need(isinstance(fields, dict))
    kind, where = text_of(fields, "type"), address(text_of(fields, "address"))
    ip = ipaddress.ip_address(where.rpartition(":")[0].strip("[]"))
    need(kind in ("host", "srflx", "relay") and not ip.is_unspecified and not ip.is_multicast and not where.endswith(":0"))
    return {"type": kind, "address": where}


def read_message(data):
    need(len(data) <= 8 << 10)
    fields = read_json(data)
    m = {name: text_of(fields, name) for name in ("kind", "attempt", "trace", "ufrag", "pwd", "statement", "cause", "nat")}
    for name in set(m) - {"kind"}:
        need(len(m[name]) <= (256 if name == "statement" else 64) and all("!" <= c <= "~" for c in m[name]))
    need(m["kind"] in KINDS and (m["attempt"] or m["kind"] == "late"))
    need(m["kind"] not in ("offer", "answer") or len(m["ufrag"]) >= 4 and len(m["pwd"]) >= 22)
    m["code"], m["time"] = number_of(fields, "code", 32), number_of(fields, "time", 64)
    need(m["kind"] != "refusal" or m["code"] < 0)
    need(m["kind"] != "late" or 0 <= m["time"] <= MAX_TIME)
    proof, key = bytes_of(fields, "proof"), bytes_of(fields, "mlkem")
    need(len(proof) <= 32 and len(key) in (0, 1184))
    candidates = fields.get("candidates")
    candidates = [] if candidates is None else candidates
    need(isinstance(candidates, list) and len(candidates) <= 24)
    return m | {"proof": proof.hex(), "mlkem": key.hex(), "candidates": [_candidate(c) for c in candidates]}


def prove_offer(secret, app, device, attempt):
    text = f"offer\n{base32_encode(app)}\n{base32_encode(device)}\n{attempt}".encode()
    return hmac.new(secret, text, hashlib.sha256).digest()


def prove_secret(secret, binding):
    return hmac.new(secret, binding, hashlib.sha256).digest()
