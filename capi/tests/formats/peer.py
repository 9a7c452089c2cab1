"""Answers for the second implementation of the formats: a line with a question in JSON, a line with an answer.

Bytes are in hex. A question is {"do": NAME, "with": {...}}; an answer is {"reads": {...}}, {"refused": true}, or {"crash": TEXT}.
"""

import json
import sys
import traceback

import packets
import texts
from sealing import Holder, Refused

sys.dont_write_bytecode = True
sys.setrecursionlimit(12000)  # JSON may be nested deeply

hexed = bytes.fromhex
_holders = {}


def holder(seed):
    if seed not in _holders:
        _holders[seed] = Holder(hexed(seed))
    return _holders[seed]


def text(data):
    """Text that may be no UTF-8."""
    return hexed(data).decode("utf-8", "surrogateescape")


DO = {
    "ticket": lambda a: texts.read_ticket(text(a["text"])),
    "make ticket": lambda a: {"text": texts.make_ticket(hexed(a["device"]), hexed(a["secret"]), hexed(a["server"]), a["hints"])},
    "pass": lambda a: texts.read_pass(text(a["name"])),
    "make pass": lambda a: {"name": texts.make_pass(hexed(a["shared"]), hexed(a["nonce"]))},
    "login": lambda a: texts.read_login(text(a["user"]), text(a["password"])),
    "make login": lambda a: texts.make_login(
        holder(a["seed"]), a["role"], a["server"], a["issued"], a["expires"], hexed(a["nonce"]), a["statements"]),
    "statement": lambda a: texts.read_statement(a["app"], text(a["text"])),
    "make statement": lambda a: texts.make_statement(holder(a["seed"]), a["app"], a["until"]),
    "hello": lambda a: texts.read_hello(hexed(a["bytes"])),
    "verdict": lambda a: texts.read_verdict(hexed(a["bytes"])),
    "make control": lambda a: {"bytes": texts.make_control(a["fields"]).hex()},
    "message": lambda a: texts.read_message(hexed(a["text"])),
    "prove offer": lambda a: {"proof": texts.prove_offer(hexed(a["secret"]), hexed(a["app"]), hexed(a["device"]), a["attempt"]).hex()},
    "prove secret": lambda a: {"proof": texts.prove_secret(hexed(a["secret"]), hexed(a["binding"])).hex()},
    "envelope": lambda a: packets.read_envelope(holder(a["receiver"]), hexed(a["bytes"])),
    "make envelope": lambda a: {"bytes": packets.make_envelope(
        holder(a["seed"]), hexed(a["to"]), hexed(a["mlkem"]), a["time"], hexed(a["text"])).hex()},
    "keys": lambda a: {"public": holder(a["seed"]).public.hex(), "mlkem": holder(a["seed"]).mlkem[0].hex()},
    "question": lambda a: packets.read_question(holder(a["receiver"]), hexed(a["packet"])),
    "make question": lambda a: packets.make_question(holder(a["seed"]), hexed(a["to"]), a["time"]),
}


def answer(line):
    try:
        question = json.loads(line)
        return {"reads": DO[question["do"]](question["with"])}
    except Refused:
        return {"refused": True}
    except Exception:
        return {"crash": traceback.format_exc()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
