// Package ready tells one caller which of any number of things are ready: a poller's inside.
//
//	Source.Changed ──► list of those to be asked ──► Set.Wait asks them ──► the ready ones
//	                            ▲                                               │
//	                            └───── what was ready is asked again ◄──────────┘
//
// What is watched has a Source. Whenever it may have become ready, and whatever locks it holds, it says so, which puts it
// into a list and wakes who waits, no more. Who waits asks it then what is so, without any lock that a source
// needs to say so. What is ready is asked again by the next Wait; so a caller who does not do all there is to do hears of the rest.
// A thing that is not ready costs nothing but its place.
//
// Where the caller has a descriptor that tells whether Wait would return at once, a goroutine that lives only while there
// is something to ask asks for him; and what he takes from a thing is noticed by Recheck.
package ready
