# ./build.sh install: the files of installed.txt, for machines without CMake. Sourced by build.sh.

# What pkg-config adds, so that a program finds the library where it was linked.
# shellcheck disable=SC2016 # pkg-config's own variable
RPATH=' -Wl,-rpath,${libdir}'

install_all() {
  local prefix=/usr/local rpath=$RPATH
  case ${1:-} in
  --prefix) prefix=${2:-} && [ -n "$prefix" ] || die "install: --prefix needs a directory" ;;
  --prefix=*) prefix=${1#--prefix=} ;;
  '') ;;
  *) die "install: unknown argument $1" ;;
  esac
  case $prefix in /*) ;; *) die "install: --prefix wants an absolute directory, not '$prefix'" ;; esac
  [ "$prefix" != /usr ] || rpath= # it is looked for there anyway
  build_libraries
  build_server
  # shellcheck disable=SC2016 # pkg-config's own variable; relative, so that the installed tree can be moved
  install_parts "${DESTDIR:-}$prefix" lib '${pcfiledir}/../..' "$rpath" library dev server
  # For programs that were linked without that, and those that load the library by its name.
  if [ -z "${DESTDIR:-}" ] && [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null; then ldconfig; fi
  echo "installed libthingp2p $VERSION to ${DESTDIR:-}$prefix"
}

# install_parts TO LIBDIR PREFIX-FOR-PKGCONFIG RPATH-FOR-PKGCONFIG PART...
install_parts() {
  local to=$1 libdir=$2 pc_prefix=$3 rpath=$4 parts part directory mode file target
  shift 4
  parts=" $* "
  while read -r part directory mode file; do
    case $parts in *" $part "*) ;; *) continue ;; esac
    case $file in /*) ;; *) file=$ROOT/$file ;; esac
    target=$to/$directory/${file##*/}
    install -d -m 755 "$to/$directory"
    case $mode:$file in
    link:*) ln -sfn "$(readlink "$file")" "$target" ;;
    *.in)
      install_substitute "$libdir" "$pc_prefix" "$rpath" <"$file" >"${target%.in}"
      chmod "$mode" "${target%.in}"
      ;;
    *) install -m "$mode" "$file" "$target" ;;
    esac
  done < <(grep '^[a-z]' "$ROOT/capi/scripts/installed.txt" | install_substitute "$libdir" "$pc_prefix" "$rpath")
}

# install_substitute LIBDIR PREFIX-FOR-PKGCONFIG RPATH-FOR-PKGCONFIG: the same variables as in capi/cmake/install.cmake.
install_substitute() {
  local up
  up=$(sed 's|[^/][^/]*|..|g' <<<"$1")
  sed -e "s|@VERSION@|$VERSION|g" -e "s|@MAJOR@|${VERSION%%.*}|g" -e "s|@BUILD@|$BUILD|g" -e "s|@LIBDIR@|$1|g" \
    -e 's|@INCLUDEDIR@|include|g' -e 's|@BINDIR@|bin|g' -e 's|@DATADIR@|share|g' -e 's|@MANDIR@|share/man|g' \
    -e 's|@UNITDIR@|lib/systemd/system|g' -e "s|@PREFIX_FOR_PKGCONFIG@|$2|g" -e "s|@PREFIX_FROM_CONFIG@|$up/../..|g" \
    -e "s|@RPATH@|$3|g"
}
