//go:build race

package engine

// underRace: what simulates much is run with less of it, since it is run in full without the race detector.
const underRace = true
