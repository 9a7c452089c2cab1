package main

// pathChanges are for what happens to a path in the middle of a session: it carries
// less than it did, it is another one, one of its ends stands still.
var pathChanges = []change{
	// Large packets that vanish, and a packet that the system calls too large, bring the
	// size down; see followPath.
	{
		file:   "connection.go",
		before: "\tmaxPayloadSizeEstimate atomic.Uint32\n",
		after:  "\tmaxPayloadSizeEstimate atomic.Uint32\n\n\tnews pathNews\n",
	},
	{
		file:   "internal/ackhandler/interfaces.go",
		before: "\tMigratedPath(now monotime.Time, initialMaxPacketSize protocol.ByteCount)\n",
		after: "\tMigratedPath(now monotime.Time, initialMaxPacketSize protocol.ByteCount)\n\n" +
			"\tBlackHole() bool\n\tGiveUpLarge(now monotime.Time)\n\tWantsFullAnswer() bool\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\tlastMetrics qlog.MetricsUpdated\n",
		after:  "\tlastMetrics qlog.MetricsUpdated\n\n\thole    blackHole\n\tproof   proof\n\tlate    lateness\n\tgivenUp []givenUp\n\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "h.detectAndRemoveAckedPackets(ack, encLevel)\n\tif err != nil {\n\t\treturn false, err\n\t}\n",
		after: "h.detectAndRemoveAckedPackets(ack, encLevel)\n\tif err != nil {\n\t\treturn false, err\n\t}\n" +
			"\tif encLevel == protocol.Encryption1RTT {\n\t\th.watchSizes(ack, ackedPackets)\n\t}\n\th.watchTimes(rcvTime, ackedPackets)\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\t\t\t\t\th.congestion.OnCongestionEvent(pn, p.Length, priorInFlight)\n",
		after: "\t\t\t\t\th.congestion.OnCongestionEvent(pn, p.Length, priorInFlight)\n" +
			"\t\t\t\t\tif isLarge(p.Length) && encLevel == protocol.Encryption1RTT {\n" +
			"\t\t\t\t\t\th.hole.onLost(pn, pnSpace.largestSent)\n\t\t\t\t\t}\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\th.hist.DeclareLost(pn)\n\th.removeFromBytesInFlight(p)\n\th.queueFramesForRetransmission(p)\n\treturn true\n",
		after: "\th.hist.DeclareLost(pn)\n\th.removeFromBytesInFlight(p)\n\th.queueFramesForRetransmission(p)\n" +
			"\th.giveUp(pn, p, space)\n\treturn true\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\th.hist.SentPacket(pn, p)\n",
		after:  "\th.hist.SentPacket(pn, p)\n\th.noteSize(pn, p)\n",
	},
	// What is sent after a timeout is small, and so tells a path that carries less from
	// one that carries nothing.
	{
		file:   "connection.go",
		before: "c.packer.PackPTOProbePacket(encLevel, c.maxPacketSize(), false, now, c.version)\n",
		after:  "c.packer.PackPTOProbePacket(encLevel, c.probeSize(encLevel), false, now, c.version)\n",
	},
	{
		file:   "connection.go",
		before: "c.packer.PackPTOProbePacket(encLevel, c.maxPacketSize(), true, now, c.version)\n",
		after:  "c.packer.PackPTOProbePacket(encLevel, c.probeSize(encLevel), true, now, c.version)\n",
	},
	// A server answers probes on the path in use, too, and follows a client whose new path
	// looks the same.
	{
		file:   "connection.go",
		before: "\tif !checkPath {\n\t\treturn true, nil\n\t}\n",
		after: "\tisNewest := c.news.same.isNewest(p, pn, isNonProbing)\n" +
			"\tif !checkPath {\n\t\treturn true, c.followClient(p, destConnID, pathChallenge, isNewest)\n\t}\n" +
			"\tcameWith := destConnID\n",
	},
	{
		file:   "connection.go",
		before: "\tc.conn.ChangeRemoteAddr(p.remoteAddr, p.info)\n",
		after:  "\tc.conn.ChangeRemoteAddr(p.remoteAddr, p.info)\n\tc.news.hasMoved(cameWith)\n",
	},
	// Probes do not count for what is newest (RFC 9000, section 9.3), and may be faster than packets of the path that
	// the client has moved to.
	{
		file:   "connection.go",
		before: "if !shouldSwitchPath || pn != c.largestRcvdAppData {\n",
		after:  "if !shouldSwitchPath || !addrsEqual(p.remoteAddr, c.news.same.newestFrom) {\n",
	},
	// A path that a client uses is probed until it answers, and not less and less often: what
	// the server sends goes to the path before, which may be gone.
	{
		file:   "path_manager.go",
		before: "\t\tbackoffFactor := 1 << len(p.pathChallenges)\n",
		after: "\t\tbackoffFactor := 1 << min(len(p.pathChallenges), mostBackoff)\n" +
			"\t\tp.pathChallenges = p.pathChallenges[max(0, len(p.pathChallenges)-(mostChallenges-1)):]\n",
	},
	// Nor does a client ask less and less often whether a new path answers.
	{
		file:   "path_manager_outgoing.go",
		before: "\t\t\tnextProbeDur *= 2 // exponential backoff\n",
		after:  "\t\t\tnextProbeDur = min(2*nextProbeDur, 4*p.initialRTT)\n",
	},
	// A path without a connection id of its own takes that of the path in use.
	{
		file:   "connection.go",
		before: "newPathManager(\n\t\t\t\tc.connIDManager.GetConnIDForPath,\n",
		after:  "newPathManager(\n\t\t\t\tc.connIDForPath,\n",
	},
	{
		file:   "connection.go",
		before: "newPathManagerOutgoing(\n\t\tc.connIDManager.GetConnIDForPath,\n",
		after:  "newPathManagerOutgoing(\n\t\tc.connIDForPath,\n",
	},
	{
		file:   "connection.go",
		before: "\tconnID, ok := c.connIDManager.GetConnIDForPath(path)\n",
		after:  "\tconnID, ok := c.connIDForPath(path)\n",
	},
	// The search for a larger size begins again after a while.
	{
		file:   "mtu_discoverer.go",
		before: "\tlastProbeTime monotime.Time\n",
		after:  "\tmtuMemory\n\tlastProbeTime monotime.Time\n",
	},
	{
		file:   "mtu_discoverer.go",
		before: "\tf.min = start\n",
		after:  "\tf.min, f.most = start, max\n",
	},
	{
		file:   "mtu_discoverer.go",
		before: "f.inFlight != protocol.InvalidByteCount || f.done() {\n",
		after:  "f.inFlight != protocol.InvalidByteCount || f.resting(now) {\n",
	},
	{
		file:   "mtu_discoverer.go",
		before: "\tf.generation++\n",
		after:  "\tf.generation++\n\tf.fell = false\n",
	},
	// A lost path probe says nothing of the path in use: it is no probe timeout there.
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\t\th.detectLostPathProbes(now)\n\t}\n\n",
		after:  "\t\th.detectLostPathProbes(now)\n\t}\n\tif h.alarm.TimerType == qlog.TimerTypePathProbe {\n\t\treturn nil\n\t}\n\n",
	},
	// Zero is in the past for every clock, that of tests in fake time (the year 2000) among
	// them: what has no time, as the placeholder of a path probe, was sent long ago. There it
	// was to be held lost in 27 years, and all other timeouts waited for that.
	{
		file:   "internal/monotime/time.go",
		before: "var start = time.Now().Add(-time.Hour)\n",
		after:  "var start = time.Now().Add(-max(time.Hour, time.Since(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))))\n",
	},
	// An ACK after a standstill is no measure of the path.
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\tdefer h.setLossDetectionTimer(now)\n",
		after:  "\tdefer h.setLossDetectionTimer(now)\n\th.noticeTimeout(now, false)\n",
	},
	{
		file:   "internal/ackhandler/sent_packet_handler.go",
		before: "\t\t\t\th.rttStats.UpdateRTT(rcvTime.Sub(p.SendTime), ackDelay)\n",
		after:  "\t\t\t\th.sampleRTT(rcvTime, p.SendTime, ackDelay)\n",
	},
}
