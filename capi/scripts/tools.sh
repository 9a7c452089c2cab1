# What the tests need beyond Go and a C compiler. Sourced by test.sh.

# COMMAND:DEBIAN-PACKAGE; a path stands for a file of a package that has no command.
TEST_TOOLS="ps:procps ip:iproute2 nft:nftables gcc:gcc g++:g++ make:make cmake:cmake pkg-config:pkg-config python3:python3
javac:default-jdk-headless node:nodejs npm:npm rustc:rustc cargo:cargo clang:clang gnustep-config:gnustep-make
abidiff:abigail-tools valgrind:valgrind mandoc:mandoc dpkg-shlibdeps:dpkg-dev lintian:lintian systemd-analyze:systemd
chromium-headless-shell:chromium-headless-shell mosquitto:mosquitto turnserver:coturn tayga:tayga miniupnpd:miniupnpd-nftables
i686-linux-gnu-gcc:gcc-i686-linux-gnu aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf
qemu-aarch64-static:qemu-user-static musl-gcc:musl-tools"
TEST_PACKAGES="libgnustep-base-dev gobjc gobjc++ libblocksruntime-dev python3-venv python3-cryptography libc6-dbg librust-tokio-dev
libc6-i386 libc6-dev-i386-cross libc6-dev-arm64-cross libc6-dev-armhf-cross" # headers and libraries only

missing_tools() {
  local pair
  for pair in $TEST_TOOLS; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
  done
  command -v dpkg-query >/dev/null || return 0
  for pair in $TEST_PACKAGES; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$pair" 2>/dev/null)" = installed ] || echo "$pair"
  done
}

# Installs what is missing where that is allowed. What is missing afterwards is skipped, or fails with CI=true.
install_tools() {
  local missing package
  missing=$(missing_tools)
  if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update || true # what it cannot reach may not be needed
    for package in $missing; do # one by one: a package that is not to be had must not stop the others
      apt-get install -y --no-install-recommends "$package" || true
    done
    missing=$(missing_tools)
  fi
  [ -z "$missing" ] || skip "missing, as Debian calls it: $(echo $missing)"
}
