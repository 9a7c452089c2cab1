package main

// testChanges make quic-go's integration tests run on a copy that refuses tickets
// for a later session, since it has given up its TLS by then.
var testChanges = []change{
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
