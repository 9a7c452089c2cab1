# ./build.sh deb: Debian packages of the files of installed.txt, with dpkg's own tools. Sourced by build.sh.

build_debs() {
  local tool package
  for tool in dpkg-deb dpkg-architecture dpkg-shlibdeps; do
    command -v "$tool" >/dev/null || die "deb: $tool is missing (Debian: apt-get install dpkg-dev)"
  done
  build_libraries
  build_server
  DEB_ARCH=$(dpkg-architecture -qDEB_HOST_ARCH)
  DEB_LIBDIR=lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
  DEB_MAINTAINER="${DEBFULLNAME:-The libthingp2p authors} <${DEBEMAIL:-thingp2p@users.noreply.github.com}>"
  DEB_WORK=$BUILD/debian
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(last_change)}
  export SOURCE_DATE_EPOCH DPKG_DEB_THREADS_MAX=1 # more threads would make other bytes
  umask 022
  rm -rf "$DEB_WORK"
  mkdir -p "$DEB_WORK/debian"
  echo "Source: thingp2p" >"$DEB_WORK/debian/control" # dpkg-shlibdeps wants one
  CGO_ENABLED=1 licenses debian ./capi >"$DEB_WORK/library.copyright"
  ln -s library.copyright "$DEB_WORK/dev.copyright"
  CGO_ENABLED=0 licenses debian ./engine/cmd/thingp2pd >"$DEB_WORK/server.copyright"

  deb_tree libthingp2p1 library
  deb_tree libthingp2p-dev dev
  deb_tree thingp2pd server
  gzip -9n "$DEB_WORK/thingp2pd/usr/share/man/man8/thingp2pd.8"
  deb_library_files
  for package in libthingp2p1 libthingp2p-dev thingp2pd; do
    deb_pack "$package"
  done
  rm -rf "$DEB_WORK"
}

# The time of the last commit; that of a tree without a history is the oldest that an archive of Python's can have.
last_change() {
  git -C "$ROOT" log -1 --format=%ct 2>/dev/null || echo 315532800
}

# deb_tree PACKAGE PART: the package's files.
deb_tree() {
  local to=$DEB_WORK/$1 doc=$DEB_WORK/$1/usr/share/doc/$1 overrides=$ROOT/capi/debian/$1.lintian-overrides
  install_parts "$to/usr" "$DEB_LIBDIR" /usr '' "$2"
  install -D -m 644 "$DEB_WORK/$2.copyright" "$doc/copyright"
  deb_changelog | gzip -9n >"$doc/changelog.gz"
  if [ -e "$overrides" ]; then
    install -D -m 644 "$overrides" "$to/usr/share/lintian/overrides/$1"
  fi
  mkdir "$to/DEBIAN"
}

deb_changelog() {
  printf 'thingp2p (%s) unstable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n' "$VERSION" "$VERSION" "$DEB_MAINTAINER" \
    "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
}

# What other packages need to know of the library, and what it needs itself.
deb_library_files() {
  local to=$DEB_WORK/libthingp2p1
  sed 's/ #MINVER#//' "$ROOT/capi/debian/libthingp2p1.symbols" >"$to/DEBIAN/symbols"
  echo "libthingp2p 1 libthingp2p1 (>= $VERSION)" >"$to/DEBIAN/shlibs"
  install -m 644 "$ROOT/capi/debian/libthingp2p1.triggers" "$to/DEBIAN/triggers"
  DEB_DEPENDS=$(cd "$DEB_WORK" && dpkg-shlibdeps -O "$to/usr/$DEB_LIBDIR/libthingp2p.so.$VERSION" | sed -n 's/^shlibs:Depends=//p')
}

# deb_pack PACKAGE: the control files, and all of it into build/.
deb_pack() {
  local to=$DEB_WORK/$1 script
  for script in postinst prerm postrm; do
    if [ -e "$ROOT/capi/debian/$1.$script" ]; then
      install -m 755 "$ROOT/capi/debian/$1.$script" "$to/DEBIAN/$script"
    fi
  done
  # The paragraph of this package, with what all of them share after its first line.
  sed -e "s|@VERSION@|$VERSION|g" -e "s|@SHLIBS_DEPENDS@|$DEB_DEPENDS|g" "$ROOT/capi/debian/control.in" |
    awk -v RS= -v want="Package: $1" 'index($0, want "\n") == 1' |
    sed "1a\\
Source: thingp2p\\
Version: $VERSION\\
Architecture: $DEB_ARCH\\
Maintainer: $DEB_MAINTAINER\\
Priority: optional\\
Installed-Size: $(du -k --apparent-size -s "$to/usr" | cut -f1)" >"$to/DEBIAN/control"
  (cd "$to" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$to/DEBIAN/md5sums"
  chmod 644 "$to/DEBIAN/control" "$to/DEBIAN/md5sums"
  find "$to" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$to" "$BUILD/$1_${VERSION}_$DEB_ARCH.deb"
}
