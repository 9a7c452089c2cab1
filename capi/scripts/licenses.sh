# The licences of what is linked into a binary, as those licences ask: with their texts, and Apache's notices. Sourced by build.sh.

# licenses SYSTEM PACKAGE...: for the programs or libraries made of these packages. A text that every system of that kind
# has (debian, or none) is named instead of printed: Debian wants it so.
licenses() {
  local system=$1 module version dir file
  shift
  cat "$ROOT/LICENSE"
  printf '\nThe binaries contain the Go runtime and library:\n\n'
  cat "$("$GO" env GOROOT)/LICENSE"
  run_go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' "$@" | LC_ALL=C sort -u |
    while read -r module version dir; do
      # What stands in for a module that is left out is ours.
      case $dir in "$BUILD/quic/quic-go") ;; "$BUILD"/*) continue ;; esac
      printf '\nand %s %s:\n\n' "$module" "$version"
      for file in "$dir"/NOTICE* "$dir"/LICEN[CS]E*; do
        if [ ! -f "$file" ]; then
          continue
        elif [ "$system" = debian ] && grep -q 'Apache License' "$file" && grep -q 'END OF TERMS AND CONDITIONS' "$file"; then
          echo 'Apache License, Version 2.0: on Debian systems its text is in /usr/share/common-licenses/Apache-2.0.'
        else
          cat "$file"
        fi
      done
    done
}
