#!/bin/sh
# same_files.sh SOURCE BUILD PREFIX WORKDIR: ./build.sh install gives the files that cmake --install has put in PREFIX, with
# all headers of the project.
set -eu
rm -rf "$4"
THINGP2P_BUILD_DIR=$2 "$1/build.sh" install --prefix "$4"
diff -r "$3" "$4"
diff -r "$1/include" "$4/include"
cd "$3" && find . -exec stat -c '%A %n' {} + | sort >"$4.cmake"
cd "$4" && find . -exec stat -c '%A %n' {} + | sort | diff "$4.cmake" -
