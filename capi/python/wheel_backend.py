"""Makes a wheel of the package and the library, with the standard library only; the same bytes each time.

Called by ./build.sh wheel, and by pip as a build backend (PEP 517).
"""

import base64
import hashlib
import os
import pathlib
import re
import sys
import sysconfig
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAME = "thingp2p"
SUMMARY = "Connects an app to a device by the device's id, peer to peer"
MACHINES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}  # e_machine of ELF
WINDOWS = {0x14C: "win32", 0x8664: "win_amd64", 0xAA64: "win_arm64"}  # Machine of PE's header


def platform_tag(library: bytes) -> str:
    """What the library is for, whatever machine makes the wheel. On Linux manylinux (PEP 600) for the oldest glibc that has
    what it asks for; it needs no other library. PyPI's oldest is 2.17, which pip before 20.3 calls manylinux2014 (PEP 599)."""
    if library[:2] == b"MZ":
        header = int.from_bytes(library[60:64], "little")
        return WINDOWS[int.from_bytes(library[header + 4 : header + 6], "little")]
    if library[:4] != b"\x7fELF":
        return re.sub(r"[^a-z0-9]", "_", sysconfig.get_platform().lower())
    machine = MACHINES[int.from_bytes(library[18:20], "little")]
    if machine == "armv7l" and not library[37] & 4:  # EF_ARM_ABI_FLOAT_HARD
        raise SystemExit("there are no wheels for ARM without floating-point registers: pip has no name for it")
    if b"\0libc.so\0" in library:  # musl's
        raise SystemExit("there is no wheel for musl: it takes the library only as a program starts (LD_PRELOAD), not when Python asks")
    versions = [int(v) for v in re.findall(rb"\0GLIBC_2\.(\d+)(?=[.\0])", library)]
    if not versions:
        return f"linux_{machine}"
    oldest = max(17, *versions)
    return f"manylinux_2_{oldest}_{machine}" + (f".manylinux2014_{machine}" if oldest == 17 else "")


def library_name(library: bytes) -> str:
    if library[:4] == b"\x7fELF":
        return "libthingp2p.so.1"
    return "thingp2p.dll" if library[:2] == b"MZ" else "libthingp2p.dylib"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    path = os.environ.get("THINGP2P_LIBRARY") or ROOT / "build" / "libthingp2p.so"
    licenses = os.environ.get("THINGP2P_LICENSES") or ROOT / "build" / "libthingp2p-licenses.txt"
    library = pathlib.Path(path).read_bytes()
    version = re.search(r'THING_P2P_VERSION +"(.*)"', (ROOT / "include/thingp2p.h").read_text()).group(1)
    platforms = platform_tag(library)
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in platforms.split("."))
    info = f"{NAME}-{version}.dist-info"

    files = {f"{NAME}/{p.name}": p.read_bytes() for p in (HERE / NAME).iterdir() if p.suffix in (".py", ".typed")}
    files[f"{NAME}/{library_name(library)}"] = library
    if not pathlib.Path(licenses).exists():
        raise SystemExit(f"{licenses} is missing: ./build.sh makes it with the library, and THINGP2P_LICENSES names it elsewhere")
    files[f"{info}/LICENSE"] = pathlib.Path(licenses).read_bytes()
    metadata = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\nSummary: {SUMMARY}\n"
    files[f"{info}/METADATA"] = f"{metadata}License: MIT\nRequires-Python: >=3.9\n".encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: false\n{tags}".encode()
    files[f"{info}/RECORD"] = record(files, f"{info}/RECORD")

    wheel = f"{NAME}-{version}-py3-none-{platforms}.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / wheel, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return wheel


def record(files, itself) -> bytes:
    lines = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(files[name])}\n")
    return ("".join(lines) + f"{itself},,\n").encode()


if __name__ == "__main__":
    print(build_wheel(sys.argv[1]))
