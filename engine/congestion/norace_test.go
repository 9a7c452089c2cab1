//go:build !race

package congestion_test

const underRace = false
