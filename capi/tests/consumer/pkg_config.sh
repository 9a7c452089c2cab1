#!/bin/sh
# pkg_config.sh LIBDIR WORKDIR: a program through pkg-config, from a tree that was moved after it was installed, linked
# with the shared library and with the static one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$2" && mkdir -p "$2"
cp -R "$1" "$1/../include" "$2/"
libdir=$2/$(basename "$1")
PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH

${CC:-cc} "$here/consumer.c" -o "$2/shared" $("${PKG_CONFIG:-pkg-config}" --cflags --libs thingp2p)
"$2/shared"

rm "$libdir"/libthingp2p.so* # so that -lthingp2p means the archive
${CC:-cc} "$here/consumer.c" -o "$2/static" $("${PKG_CONFIG:-pkg-config}" --static --cflags --libs thingp2p)
"$2/static"
