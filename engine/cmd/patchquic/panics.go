package main

// panicChanges keep a panic in one of quic-go's goroutines from ending the host's
// process: only who starts a goroutine can, and where it is about one connection
// or one packet, that is what ends.
var panicChanges = []change{
	// Of a connection: it ends, and the panic is the reason.
	{
		file:   "connection.go",
		before: "func (c *Conn) run() (err error) {\n\tdefer func() { c.ctxCancel(err) }()\n",
		after:  "func (c *Conn) run() (err error) {\n\tdefer func() { c.ctxCancel(err) }()\n\tdefer c.endAfterPanic(&err)\n",
	},
	// Of a transport's reader and its server: the packet is dropped.
	{
		file:   "transport.go",
		before: "\tConn net.PacketConn\n",
		after:  "\tConn net.PacketConn\n\n\t// ThingP2PGuard is told of panics in the transport's own goroutines.\n\tThingP2PGuard panics.Guard\n",
	},
	{
		file:   "transport.go",
		before: "import (\n",
		after:  "import (\n\t\"github.com/thingp2p/libthingp2p/engine/panics\"\n",
	},
	{
		file:   "transport.go",
		before: "\t\t\tt.listen(conn)\n",
		after:  "\t\t\tt.guardedListen(conn)\n",
	},
	{
		file:   "transport.go",
		before: "\t\tt.handlePacket(p)\n",
		after:  "\t\tt.guardedHandlePacket(p)\n",
	},
	{
		file:   "transport.go",
		before: "\t\tgo t.runSendQueue()\n",
		after:  "\t\tt.ThingP2PGuard.Go(t.runSendQueue)\n",
	},
	{
		file:   "transport.go",
		before: "\t\tgo conn.destroy(&StatelessResetError{})\n",
		after:  "\t\tt.ThingP2PGuard.Go(func() { conn.destroy(&StatelessResetError{}) })\n",
	},
	{
		file:   "transport.go",
		before: "\ttime.AfterFunc(expiry, func() {\n\t\th.mutex.Lock()\n",
		after:  "\t(*Transport)(h).ThingP2PGuard.After(expiry, func() {\n\t\th.mutex.Lock()\n",
	},
	{
		file:   "server.go",
		before: "\t\t\tif bufferStillInUse := s.handlePacketImpl(p); !bufferStillInUse {\n",
		after:  "\t\t\tif bufferStillInUse := s.guardedHandlePacket(p); !bufferStillInUse {\n",
	},
	{
		file:   "server.go",
		before: "\tgo s.runSendQueue()\n",
		after:  "\ts.guard().Go(s.runSendQueue)\n",
	},
	{
		file:   "server.go",
		before: "\ts.handshakingCount.Go(func() { s.handleNewConn(conn) })\n",
		after:  "\ts.handshakingCount.Go(func() { s.guard().Run(func() { s.handleNewConn(conn) }) })\n",
	},
	// Either reports why a connection ended, if a panic was the reason.
	{
		file:   "server.go",
		before: "\tgo conn.run()\n",
		after:  "\tgo func() { reportPanic(conn.run(), s.guard()) }()\n",
	},
	{
		file:   "transport.go",
		before: "\t\terr := conn.run()\n",
		after:  "\t\terr := conn.run()\n\t\treportPanic(err, t.ThingP2PGuard)\n",
	},
}
