package rendezvous

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// One client's bytes must not end the service of all.

func faultLog() (*bytes.Buffer, *slog.Logger) {
	log := new(bytes.Buffer)
	return log, slog.New(slog.NewTextHandler(log, nil))
}

func wantFault(t *testing.T, log *bytes.Buffer, function string) {
	t.Helper()
	if !strings.Contains(log.String(), "a fault in the library") || !strings.Contains(log.String(), function) {
		t.Errorf("the log: %s", log)
	}
}

func TestFaultWhileAConnectionIsAccepted(t *testing.T) {
	log, logger := faultLog()
	a := newAcceptors(logger, nil)
	served := make(chan net.Conn)
	first := true
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.accept(l, func(conn net.Conn) {
		if first {
			first = false
			panic("the test's own")
		}
		served <- conn
	})
	for range 2 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	(<-served).Close()
	a.close()
	wantFault(t, log, "TestFaultWhileAConnectionIsAccepted")
}

type brokenConn struct{ net.Conn }

func (brokenConn) Read([]byte) (int, error) { panic("the test's own") }

func TestFaultInATURNStream(t *testing.T) {
	log, logger := faultLog()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	s := newStream(newLobby().enter(brokenConn{ours}), &desk{guard: panics.Guard{Log: logger}})
	ended := 0
	s.ended = func() { ended++ }
	if _, _, err := s.ReadFrom(make([]byte, 100)); err == nil || ended != 1 {
		t.Errorf("error %v, ended %d times", err, ended)
	}
	wantFault(t, log, "brokenConn")
}

func TestFaultOverADelivery(t *testing.T) {
	log, logger := faultLog()
	b := NewBroker(BrokerConfig{Log: logger})
	defer b.Close()
	if err := b.PublishICE(func(string) []byte { panic("the test's own") }); err != nil {
		t.Fatal(err)
	}
	sent := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: ICETopic, Payload: []byte("{}")}
	cl := &mqtt.Client{}
	cl.Net.Conn = &clientConn{}
	if got := (&iceHook{broker: b}).OnPacketEncode(cl, sent); string(got.Payload) != "{}" {
		t.Errorf("the payload is %q", got.Payload)
	}
	wantFault(t, log, "TestFaultOverADelivery")
}

type panicking struct{}

func (panicking) Admit(context.Context, Applicant) (string, error) { panic("the test's own") }

func TestFaultOverAnAdmission(t *testing.T) {
	log, logger := faultLog()
	withBroker(t, BrokerConfig{Admit: panicking{}, RefuseOthers: true, Log: logger}, func(t *testing.T, b *Broker) {
		if code := loginCode(t, b, connectPacket(theDevice, 0)); code != comeAgain {
			t.Errorf("code %d", code)
		}
	})
	wantFault(t, log, "panicking")
}

func TestFaultWhilePublishing(t *testing.T) {
	log, logger := faultLog()
	p := newPublisher(logger, func() time.Duration { return 1 })
	defer p.close()
	p.publish = nil
	if p.start() == nil {
		t.Error("no error")
	}
	wantFault(t, log, "publisher")
}
