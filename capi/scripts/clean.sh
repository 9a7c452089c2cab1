# ./build.sh test clean [COMMAND...]: the demo, then every test, on a machine with nothing but Debian, a C compiler and Go: a root
# made by debootstrap in build/clean, in namespaces of its own. Debian's packages come from where apt here gets them, Go's
# modules from where go does. Sourced by build.sh.

CLEAN_PACKAGES=gcc,libc6-dev,ca-certificates

run_clean() { # run_clean [COMMAND...]
  CLEAN=$BUILD/clean
  clean_needs
  clean_base
  clean_root
  [ $# -gt 0 ] || set -- sh -c './build.sh demo && ./build.sh demo lan && ./build.sh test'
  # A process namespace too, so that nothing outlives the command.
  unshare --mount --pid --fork --kill-child bash -ec "$(declare -f clean_enter); clean_enter \"\$@\"" clean "$CLEAN/root" "$@"
}

clean_needs() {
  [ "$(id -u)" = 0 ] || die "test clean: needs root"
  command -v debootstrap >/dev/null || die "test clean: debootstrap is missing (Debian: apt-get install debootstrap)"
  command -v "$GO" >/dev/null || die "test clean: Go is missing"
  unshare --mount --pid --fork true || die "test clean: needs the right to mount (CAP_SYS_ADMIN), which many containers lack"
}

# The release and the mirror are those of apt here. Made once; ./build.sh clean removes it.
clean_base() {
  local release mirror
  [ ! -d "$CLEAN/base" ] || return 0
  # shellcheck disable=SC2016 # apt's own variables
  read -r release mirror < <(apt-get indextargets --format '$(CODENAME) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 !~ /-/ && $3 == "main" { print $1, $2; exit }') || die "test clean: apt has no source for a release of Debian"
  rm -rf "$CLEAN/base.new"
  mkdir -p "$CLEAN"
  debootstrap --variant=minbase --include="$CLEAN_PACKAGES" "$release" "$CLEAN/base.new" "$mirror" >"$CLEAN/debootstrap.log" || {
    tail -20 "$CLEAN/debootstrap.log" >&2
    die "test clean: debootstrap failed"
  }
  mv "$CLEAN/base.new" "$CLEAN/base"
}

# A fresh copy, with what the network here needs, with Go, and with the sources as they are now.
clean_root() {
  local root=$CLEAN/root
  rm -rf "$root"
  cp -a --reflink=auto "$CLEAN/base" "$root"
  rm -f "$root/etc/apt/sources.list"
  cp -a /etc/apt/. "$root/etc/apt/"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  if [ -d /usr/local/share/ca-certificates ]; then
    cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
    chroot "$root" update-ca-certificates >/dev/null
  fi
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no services: the network is this machine's
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp -a "$("$GO" env GOROOT)" "$root/usr/local/go"
  "$GO" env | grep -E '^(GOPROXY|GONOPROXY|GOSUMDB|GONOSUMDB|GOPRIVATE)=' | sed 's/^/export /' >"$root/root/network"
  export -p | grep -iE '^declare -x (https?|no)_proxy=' >>"$root/root/network" || true
  mkdir "$root/root/libthingp2p"
  tar -C "$ROOT" --exclude=./build --exclude=./.git -cf - . | tar -C "$root/root/libthingp2p" -xf -
}

# clean_enter ROOT COMMAND...: in namespaces of its own. Nothing is set but what a login sets.
clean_enter() {
  local root=$1
  shift
  mount --make-rprivate /
  mount --rbind "$root" "$root" # what mounts in there wants / to be a mount
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount -t tmpfs tmpfs "$root/run"
  chroot "$root" env -i HOME=/root PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    TERM="${TERM:-dumb}" ${CI:+CI="$CI"} THINGP2P_DISPOSABLE=1 bash -c '. ~/network && cd ~/libthingp2p && "$@"' clean "$@"
}
