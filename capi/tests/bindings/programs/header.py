"""Compares the package's tables with include/thingp2p.h, given as the argument."""

import re
import sys

from thingp2p import Code, _native
from thingp2p._native import FUNCTIONS, TEXTS

header = open(sys.argv[1]).read()
declared = {
    name: 0 if arguments == "void" else arguments.count(",") + 1
    for name, arguments in re.findall(r"THING_P2P_API[^;(]*?thing_p2p_(\w+)\(([^)]*)\);", header)
}
bound = {name: len(arguments) for name, arguments in {**FUNCTIONS, **TEXTS}.items()}
codes = {name: int(value) for name, value in re.findall(r"THING_P2P_(?:ERR_)?(\w+) = (-\d+|0),?\s", header) if value != "0"}
structs = {
    (name, tuple(re.findall(r"(\w+)(?:\[\w+\])?[,;]", re.sub(r"(?s)/\*.*?\*/", "", fields))))
    for name, fields in re.findall(r"(?s)typedef struct thing_p2p_(\w+) \{(.*?)\n\}", header)
}
mirrored = {(s.__name__.lower(), tuple(name for name, _ in s._fields_)) for s in _native.ctypes.Structure.__subclasses__() if s.__module__ == _native.__name__}
differences = (bound.items() ^ declared.items()) | (codes.items() ^ {(c.name, c.value) for c in Code if c}) | (structs ^ mirrored)
if differences:
    sys.exit(f"not the same in both: {differences}")
print("ok: the package has all of the header")
