// Package bench measures libthingp2p, through its C ABI, beside others on the
// same emulated links: quic-go as it is, and TLS over the kernel's TCP with BBR
// and with cubic.
//
//	group ──► trials ──► results ──► rows ──► table, bench.json
//	          each in a lab of its own   └──► plots
//
// A trial is one measurement of one contender under one condition: it builds a
// network (package lab), starts a device and an app in it, gives the app orders,
// and reads one line of JSON back. programs holds the C programs that use the
// library, cmd/peer the Go program that stands for everyone else; both speak the
// same orders and messages. Trials of slow links run several at a time, those
// that the processor limits one at a time.
//
// What the figures mean is written beside each group.
//
// Live is another bench, of live video on links that were recorded, with programs of its
// own (camera, viewer). Nobody else runs in it; what WebRTC did on the same links is
// written in its table.
package bench
