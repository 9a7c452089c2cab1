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

// What a packet of a flood costs that no budget lets through, with as many marks as
// are looked for.
func BenchmarkFlood(b *testing.B) {
	device := newKey(b)
	var friends []Friend
	for i := range MaxFriends {
		friends = append(friends, Friend{string(rune(i)), testMark(b, byte(i))})
	}
	r := NewResponder(device, Surroundings{Started: today, Friends: func() []Friend { return friends }})
	f := newFlood("198.18.0.0", 400)
	for b.Loop() {
		packet, from := f.next()
		r.Answer(packet, from, today)
	}
}
