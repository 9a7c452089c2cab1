# ./build.sh install, for machines without CMake; the same files as capi/cmake/install.cmake. Sourced by build.sh.

install_all() {
  local prefix=/usr/local to name
  case ${1:-} in
  --prefix) prefix=${2:?--prefix needs a directory} ;;
  --prefix=*) prefix=${1#--prefix=} ;;
  '') ;;
  *) die "install: unknown argument $1" ;;
  esac
  to=${DESTDIR:-}$prefix
  build_libraries
  build_server

  mkdir -p "$to/include" "$to/bin" "$to/lib/pkgconfig" "$to/lib/cmake/thingp2p"
  cp -R "$ROOT/include/thingp2p.h" "$ROOT/include/thingp2p.hpp" "$ROOT/include/thingp2p" "$to/include/"
  cp "$BUILD/thingp2pd" "$to/bin/"
  cp -P "$BUILD"/libthingp2p.so* "$BUILD/libthingp2p.a" "$to/lib/"
  cp "$ROOT/capi/cmake/thingp2pTargets.cmake" "$to/lib/cmake/thingp2p/"
  install_template thingp2p.pc "$to/lib/pkgconfig"
  for name in thingp2pConfig.cmake thingp2pConfigVersion.cmake; do
    install_template "$name" "$to/lib/cmake/thingp2p"
  done
  echo "installed libthingp2p $VERSION to $to"
}

install_template() { # install_template NAME DIRECTORY
  sed -e "s|@VERSION@|$VERSION|g" -e "s|@MAJOR@|${VERSION%%.*}|g" \
    -e 's|@LIBDIR@|lib|g' -e 's|@INCLUDEDIR@|include|g' \
    -e 's|@PREFIX_FROM_PKGCONFIG@|../..|g' -e 's|@PREFIX_FROM_CONFIG@|../../..|g' \
    "$ROOT/capi/cmake/$1.in" >"$2/$1"
}
