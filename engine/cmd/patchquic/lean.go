package main

// leanChanges make an idle connection smaller: a device may hold a thousand.
var leanChanges = []change{
	// Of the handshake nothing but the keys is kept; see ThingP2PForgetPeer.
	{
		file:   "internal/handshake/interface.go",
		before: "\tSetHandshakeConfirmed()\n",
		after:  "\tSetHandshakeConfirmed()\n\tForgetTLS() ConnectionState\n",
	},
	{
		file:   "connection.go",
		before: "\tSetHandshakeConfirmed()\n",
		after:  "\tSetHandshakeConfirmed()\n\tForgetTLS() handshake.ConnectionState\n",
	},
	{
		file:   "connection.go",
		before: "\tconnState      ConnectionState\n",
		after:  "\tconnState      ConnectionState\n\ttlsForgotten   bool\n\tpeerForgotten  bool\n",
	},
	{
		file: "connection.go",
		before: "\tcs := c.cryptoStreamHandler.ConnectionState()\n\tc.connState.TLS = cs.ConnectionState\n" +
			"\tc.connState.Used0RTT = cs.Used0RTT\n",
		after: "\tif !c.tlsForgotten {\n\t\tc.keepTLSState(c.cryptoStreamHandler.ConnectionState())\n\t}\n",
	},
	{
		file:   "connection.go",
		before: "\tc.queueControlFrame(&wire.HandshakeDoneFrame{})\n\treturn nil\n",
		after:  "\tc.queueControlFrame(&wire.HandshakeDoneFrame{})\n\tc.forgetTLS()\n\treturn nil\n",
	},
	{
		file:   "connection.go",
		before: "\t\tc.mtuDiscoverer.Start(now)\n\t}\n\treturn nil\n}\n",
		after: "\t\tc.mtuDiscoverer.Start(now)\n\t}\n" +
			"\tif c.perspective == protocol.PerspectiveClient { // a server has to ask for a session ticket first\n\t\tc.forgetTLS()\n\t}\n\treturn nil\n}\n",
	},
	{
		file:   "internal/handshake/crypto_setup.go",
		before: "\treturn h.conn.Close()\n",
		after:  "\tif h.conn == nil {\n\t\treturn nil\n\t}\n\treturn h.conn.Close()\n",
	},
	{
		file:   "internal/handshake/crypto_setup.go",
		before: "\tif err := h.conn.HandleData(encLevel.ToTLSEncryptionLevel(), data); err != nil {\n",
		after: "\tif h.conn == nil {\n\t\treturn errNoMoreTLS\n\t}\n" +
			"\tif err := h.conn.HandleData(encLevel.ToTLSEncryptionLevel(), data); err != nil {\n",
	},
	// A stream's map of received frames is there only while it holds one, unless
	// the stream is busy.
	{
		file:   "frame_sorter.go",
		before: "\t\tqueue: make(map[protocol.ByteCount]frameSorterEntry),\n",
	},
	{
		file:   "frame_sorter.go",
		before: "\ts.queue[start] = frameSorterEntry{Data: data, DoneCb: doneCb}\n",
		after:  "\tif s.queue == nil {\n\t\ts.queue = make(map[protocol.ByteCount]frameSorterEntry)\n\t}\n\ts.queue[start] = s.hold(data, doneCb)\n\ts.tidy()\n",
	},
	// A byte that came in a packet of its own costs a byte.
	{
		file:   "frame_sorter.go",
		before: "\tgaps    *list.List[byteInterval]\n}\n",
		after:  "\tgaps    *list.List[byteInterval]\n\ttidyAt  int\n}\n",
	},
	{
		file:   "frame_sorter.go",
		before: "\tdelete(s.queue, s.readPos)\n\toffset := s.readPos\n",
		after:  "\tdelete(s.queue, s.readPos)\n\tif len(s.queue) == 0 && s.readPos < quietStream {\n\t\ts.queue = nil\n\t}\n\toffset := s.readPos\n",
	},
	// A stream's context is made when somebody asks for it, and here nobody does.
	{
		file:   "send_stream.go",
		before: "\tctx       context.Context\n\tctxCancel context.CancelCauseFunc\n",
		after:  "\tctx lazyContext\n",
	},
	{
		file:   "send_stream.go",
		before: "\ts.ctx, s.ctxCancel = context.WithCancelCause(ctx)\n",
		after:  "\ts.ctx.parent = ctx\n",
	},
	{
		file:   "send_stream.go",
		before: "\treturn s.ctx\n",
		after:  "\treturn s.ctx.get()\n",
	},
	// Without datagrams there is no queue of them.
	{
		file:   "connection.go",
		before: "\tc.datagramQueue = newDatagramQueue(c.scheduleSending, c.logger, c.qlogger)\n",
		after:  "\tif c.config.EnableDatagrams {\n\t\tc.datagramQueue = newDatagramQueue(c.scheduleSending, c.logger, c.qlogger)\n\t}\n",
	},
	{
		file:   "connection.go",
		before: "\tif !c.supportsDatagrams() {\n\t\treturn errors.New(\"datagram support disabled\")\n",
		after:  "\tif c.datagramQueue == nil || !c.supportsDatagrams() {\n\t\treturn errors.New(\"datagram support disabled\")\n",
	},
	// A reader need not wait in a goroutine; see ThingP2PWhenReadable.
	{
		file:   "receive_stream.go",
		before: "\treadChan chan struct{}\n",
		after:  "\treadChan chan struct{}\n\twhenReadable atomic.Pointer[func()]\n\tonArrival atomic.Pointer[func()]\n",
	},
	{
		file:   "receive_stream.go",
		before: "func (s *ReceiveStream) signalRead() {\n",
		after:  "func (s *ReceiveStream) signalRead() {\n\ts.tellReadable()\n",
	},
	{
		file:   "receive_stream.go",
		before: "\t\"sync\"\n",
		after:  "\t\"sync\"\n\t\"sync/atomic\"\n",
	},
	// Sending needs a goroutine only while there is something to send.
	{
		file:   "connection.go",
		before: "\tc.handshakeStream = newCryptoStream()\n\tc.sendQueue = newSendQueue(c.conn)\n",
		after:  "\tc.handshakeStream = newCryptoStream()\n\tc.sendQueue = newRestingSendQueue(c.conn, c.destroyImpl, c.packetTooLarge)\n",
	},
	{
		file:   "connection.go",
		before: "\tc.sendQueue = newSendQueue(c.conn)\n\tgo func() {\n\t\tif err := c.sendQueue.Run(); err != nil {\n",
		after:  "\tc.sendQueue = newRestingSendQueue(c.conn, c.destroyImpl, c.packetTooLarge)\n\trun := c.sendQueue.Run\n\tgo func() {\n\t\tif err := run(); err != nil {\n",
	},
	// The goroutine may begin when a move has put another queue there.
	{
		file:   "connection.go",
		before: "\t\treturn err\n\t}\n\tgo func() {\n\t\tif err := c.sendQueue.Run(); err != nil {\n",
		after:  "\t\treturn err\n\t}\n\trun := c.sendQueue.Run\n\tgo func() {\n\t\tif err := run(); err != nil {\n",
	},
}
