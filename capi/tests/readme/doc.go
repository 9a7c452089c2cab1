// Package readme runs what README.md shows, block by block and as it stands there, as a newcomer would who has just unpacked the
// sources: in a copy of them, with nothing set in the environment.
package readme
