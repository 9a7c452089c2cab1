package discovery

import "testing"

// What a question costs a device: the rates in budgets.go rest on it.
func BenchmarkOpenQuery(b *testing.B) {
	device := newKey(b)
	q := newTestQuery(b, device, today)
	for b.Loop() {
		if _, _, ok := openQuery(device, q.packet); !ok {
			b.Fatal("not opened")
		}
	}
}
