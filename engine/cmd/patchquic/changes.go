package main

// change replaces the one place in a file where before stands.
type change struct{ file, before, after string }

var changes = []change{
	// A new connection, and a connection on a new path, get our controller.
	{
		file: "internal/ackhandler/sent_packet_handler.go",
		before: "\tcongestion := congestion.NewCubicSender(\n\t\tcongestion.DefaultClock{},\n\t\trttStats,\n\t\tconnStats,\n" +
			"\t\tinitialMaxDatagramSize,\n\t\ttrue, // use Reno\n\t\tqlogger,\n\t)\n",
		after: "\tcongestion := congestion.NewThingP2PSender(connStats, initialMaxDatagramSize)\n",
	},
	{
		file: "internal/ackhandler/sent_packet_handler.go",
		before: "\th.congestion = congestion.NewCubicSender(\n\t\tcongestion.DefaultClock{},\n\t\th.rttStats,\n\t\th.connStats,\n" +
			"\t\tinitialMaxDatagramSize,\n\t\ttrue, // use Reno\n\t\th.qlogger,\n\t)\n",
		after: "\th.congestion = congestion.NewThingP2PSender(h.connStats, initialMaxDatagramSize)\n\th.forgetPath()\n",
	},
	// It goes by delay and loss. Who does not slow down when a router marks packets must not say that he does (RFC 3168,
	// section 6.1): the router drops instead.
	{
		file:   "connection.go",
		before: "\t\tfalse, // has no effect\n\t\ts.conn.capabilities().ECN,\n",
		after:  "\t\tfalse, // has no effect\n\t\tfalse, // no ECN\n",
	},
	{
		file:   "connection.go",
		before: "\t\tclientAddressValidated,\n\t\ts.conn.capabilities().ECN,\n",
		after:  "\t\tclientAddressValidated,\n\t\tfalse, // no ECN\n",
	},
	// Its estimate of the bandwidth is for the application, too, and so is how many packets
	// were answered: those that have come say nothing of the way there.
	{
		file:   "internal/utils/connstats.go",
		before: "\tCongestionWindow atomic.Uint64\n",
		after:  "\tCongestionWindow atomic.Uint64\n\tBandwidth        atomic.Uint64 // bit/s; 0: not known yet\n\tAnswers          atomic.Uint64\n\tUnproven         atomic.Bool\n",
	},
	// Paths are probed even when the congestion window is full.
	{
		file:   "connection.go",
		before: "func (c *Conn) triggerSending(now monotime.Time) error {\n\tc.pacingDeadline = 0\n",
		after: "func (c *Conn) triggerSending(now monotime.Time) error {\n\tc.pacingDeadline = 0\n\n" +
			"\tc.followPath(now)\n\tif err := c.sendPathProbes(now); err != nil {\n\t\treturn err\n\t}\n" +
			"\tif full, err := c.sendAsked(now); full || err != nil {\n\t\tc.scheduleSending()\n\t\treturn err\n\t}\n",
	},
	// Padding is sent when there is nothing else, if the controller wants it.
	{
		file:   "connection.go",
		before: "\tcase ackhandler.SendAny:\n\t\treturn c.sendPackets(now)\n",
		after:  "\tcase ackhandler.SendAny:\n\t\tif err := c.sendPackets(now); err != nil {\n\t\t\treturn err\n\t\t}\n\t\treturn c.sendPadding(now)\n",
	},
	{
		file:   "internal/ackhandler/interfaces.go",
		before: "\tMigratedPath(now monotime.Time, initialMaxPacketSize protocol.ByteCount)\n",
		after:  "\tMigratedPath(now monotime.Time, initialMaxPacketSize protocol.ByteCount)\n\tWantsPadding() bool\n",
	},
	// What is repeated goes before what is new of the same urgency only: commands do not wait for a file's repairs.
	{
		file: "framer.go",
		before: "\t\t}\n\t}\n\t// pop STREAM frames, until less than 128 bytes are left in the packet\n" +
			"\tfor urgency := range f.incrementalStreams {\n\t\tnumActiveStreams",
		after: "\t\t}\n\t\t// pop STREAM frames, until less than 128 bytes are left in the packet\n\t\tnumActiveStreams",
	},
	// Short urgent frames are sent twice.
	{
		file:   "framer.go",
		before: "\tcontrolFrameMutex          sync.Mutex\n",
		after:  "\trepeats repeatBudget\n\n\tcontrolFrameMutex          sync.Mutex\n",
	},
	{
		file:   "framer.go",
		before: "\tframe, blocked, hasMoreData := str.popStreamFrame(maxLen, v)\n",
		after:  "\tframe, blocked, hasMoreData := str.popStreamFrame(maxLen, v)\n\tf.repeat(id, str.streamFrameGetter, frame.Frame, hasMoreData)\n",
	},
	{
		file:   "framer.go",
		before: "\t\t\tsf, hasMoreRetransmissions := str.popRetransmissionFrame(frameMaxLen, v)\n",
		after:  "\t\t\tsf, hasMoreRetransmissions := str.popRetransmissionFrame(frameMaxLen, v)\n\t\t\tf.showAgain(str, !hasMoreRetransmissions)\n",
	},
	{
		file:   "send_stream.go",
		before: "\tpriorityValue atomic.Uint64\n",
		after:  "\tpriorityValue atomic.Uint64\n\tshowsTail     atomic.Bool\n",
	},
	// From here on: what a packet costs on its way is used again, not allocated
	// anew. The queue of retransmissions mostly holds one frame, and keeps the room.
	{
		file:   "send_stream.go",
		before: "\t\ts.retransmissionQueue = s.retransmissionQueue[1:]\n",
		after:  "\t\ts.retransmissionQueue = withoutFirst(s.retransmissionQueue)\n",
	},
	{
		file:   "send_stream.go",
		before: "\ts.retransmissionQueue = append(s.retransmissionQueue, sf)\n",
		after:  "\ts.retransmissionQueue = inOrder(s.retransmissionQueue, sf)\n",
	},
	// The frames of a packet are listed in a list of the packer's, and remembered in
	// one of the sent packet's own.
	{
		file:   "packet_packer.go",
		before: "\tnumNonAckElicitingAcks int\n",
		after:  "\tnumNonAckElicitingAcks int\n\tstreamFrames           []ackhandler.StreamFrame // of the last packet\n",
	},
	{
		file:   "packet_packer.go",
		before: "p.framer.AppendStreamFrames(pl.frames, pl.streamFrames, maxPayloadSize-pl.length, v)\n",
		after: "p.framer.AppendStreamFrames(pl.frames, p.streamFrames[:0], maxPayloadSize-pl.length, v)\n" +
			"\t\tp.streamFrames = pl.streamFrames\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\tp.StreamFrames = streamFrames\n",
		after:  "\tp.StreamFrames = append(p.StreamFrames, streamFrames...)\n",
	},
	{
		file:   "internal/ackhandler/packet.go",
		before: "\tp := packetPool.Get().(*packet)\n\tp.StreamFrames = nil\n",
		after:  "\tp := packetPool.Get().(*packet)\n",
	},
	{
		file:   "internal/ackhandler/packet.go",
		before: "\tp.StreamFrames = nil\n\tpacketPool.Put(p)\n",
		after:  "\tclear(p.StreamFrames)\n\tp.StreamFrames = p.StreamFrames[:0]\n\tpacketPool.Put(p)\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_history.go",
		before: "\tpackets          []*packet\n",
		after:  "\tpackets          []*packet\n\troom    []*packet // empty; what packets is a part of\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_history.go",
		before: "\th.packets = append(h.packets, p)\n",
		after:  "\th.push(p)\n",
	},
	// A short frame that is received has a pool too.
	{
		file:   "internal/wire/stream_frame.go",
		before: "\tfromPool bool\n",
		after:  "\tfromPool bool\n\tshort    bool   // from the pool of short frames\n\tleft     bool   // to its pool\n\tputBack  func() // PutBack, once somebody has asked for it\n",
	},
	{
		file:   "internal/wire/stream_frame.go",
		before: "\t\tframe = &StreamFrame{}\n\t\tif dataLen > 0 {\n\t\t\tframe.Data = make([]byte, dataLen)\n\t\t}\n",
		after:  "\t\tframe = getShortStreamFrame(int(dataLen))\n",
	},
	{
		file:   "internal/wire/pool.go",
		before: "\tif !f.fromPool {\n\t\treturn\n",
		after:  "\tf.leave()\n\tif !f.fromPool {\n\t\tif f.short {\n\t\t\tshortStreamFrames.Put(f)\n\t\t}\n\t\treturn\n",
	},
	{
		file:   "internal/wire/pool.go",
		before: "\tf := pool.Get().(*StreamFrame)\n",
		after:  "\tf := pool.Get().(*StreamFrame)\n\tf.left = false\n",
	},
	{
		file:   "receive_stream.go",
		before: "\t\t\ts.currentFrame = nil\n\t\t\tif s.currentFrameDone != nil {\n\t\t\t\ts.currentFrameDone()\n\t\t\t}\n",
		after:  "\t\t\ts.currentFrame = nil\n\t\t\tif s.currentFrameDone != nil {\n\t\t\t\ts.currentFrameDone()\n\t\t\t\ts.currentFrameDone = nil\n\t\t\t}\n",
	},
	{
		file:   "receive_stream.go",
		before: "s.frameQueue.Push(frame.Data, frame.Offset, frame.PutBack)",
		after:  "s.frameQueue.Push(frame.Data, frame.Offset, frame.PutBackFunc())",
	},
	// Control messages have room for more after a peer's move, too.
	{
		file:   "send_conn.go",
		before: "\t\toob:  info.OOB(),\n",
		after:  "\t\toob:  slices.Grow(info.OOB(), 64),\n",
	},
	{
		file:   "send_conn.go",
		before: "import (\n",
		after:  "import (\n\t\"slices\"\n",
	},
}
