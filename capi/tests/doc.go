// Package tests holds the tests of the C ABI: programs in c, each named for
// what it tests, driven from "go test" through the header and the shared
// library only. The folder bindings does the same in other languages.
package tests
