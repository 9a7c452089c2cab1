// Package trace is links whose rate changes from one millisecond to the next, as that
// of a mobile link does: a list of the times at which the link carries 1500 bytes.
// Recordings are made of it, and generators of links like the recorded ones.
//
//	Parse, Mobile, Steps ──► Trace ──► Wire ──► when each packet leaves
//	                           └──► Stats
//
// It is told the time, and knows neither packets nor networks: package emulator and
// package sim both put their packets on a Wire.
package trace
