// Package abi guards the ABI: what a program was compiled against must stay as it was.
//
// Recorded are the exported symbols (capi/debian/libthingp2p1.symbols, which the Debian package has as well), the constants of
// the header (constants.txt), and the functions and structs (thingp2p.abi, by libabigail). What was recorded and is gone or
// changed is a failure. What is new shows up as a test that was skipped, until "./build.sh abi-record" has recorded it.
//
// The codes stand in one table, engine/internal/codes/codes.go. The tables of C, C++, Java, JavaScript, Python and Rust are
// checked against it, and written by "./build.sh abi-record"; the header's is changed by hand.
package abi
