//go:build thingp2p_quic

package engine

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// brokenTrace panics in the goroutine of a connection once it is broken.
type brokenTrace struct{ broken *atomic.Bool }

func (t brokenTrace) AddProducer() qlogwriter.Recorder { return t }
func (t brokenTrace) SupportsSchemas(string) bool      { return true }
func (t brokenTrace) Close() error                     { return nil }
func (t brokenTrace) RecordEvent(qlogwriter.Event) {
	if t.broken.CompareAndSwap(true, false) {
		panic("the test's own")
	}
}

// quicPair is a connection whose server side has a trace.
func quicPair(t *testing.T, trace func() qlogwriter.Trace) (dial func() (*quic.Conn, error), listener *quic.Listener, log *faultlog.Log) {
	t.Helper()
	log, logger := faultlog.New()
	var transports [2]*quicTransport
	for i := range transports {
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		transports[i] = newQUICTransport(udp, logger)
		t.Cleanup(func() { transports[i].Close(); udp.Close() })
	}
	config := func(seed byte) (*quic.Config, error) { return quicConfig(10*time.Second, seed == 1), nil }
	tlsDevice, tlsApp := tlsPair(t)
	serverConfig, _ := config(0)
	serverConfig.Tracer = func(context.Context, bool, quic.ConnectionID) qlogwriter.Trace { return trace() }
	var err error
	if listener, err = transports[1].Listen(tlsDevice, serverConfig); err != nil {
		t.Fatal(err)
	}
	return func() (*quic.Conn, error) {
		clientConfig, _ := config(1)
		return transports[0].Dial(await.Context(t, nil), transports[1].Conn.LocalAddr(), tlsApp, clientConfig)
	}, listener, log
}

// A panic in the goroutine of a connection ends that connection, on both sides.
func TestFaultInAConnectionsGoroutine(t *testing.T) {
	var broken atomic.Bool
	dial, listener, log := quicPair(t, func() qlogwriter.Trace { return brokenTrace{&broken} })
	for range 2 {
		client, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		server, err := listener.Accept(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		broken.Store(true)
		out, err := client.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		out.Write([]byte("text"))
		for _, ended := range []*quic.Conn{server, client} {
			select {
			case <-ended.Context().Done():
			case <-await.Context(t, nil).Done():
				t.Fatal("a connection goes on")
			}
		}
		if _, ok := errors.AsType[*panics.Error](context.Cause(server.Context())); !ok {
			t.Errorf("the reason is %v", context.Cause(server.Context()))
		}
		if code := (&quicConn{Conn: server}).closeReason(nil); code != ErrInternal {
			t.Errorf("the session would end with %s", code.Name())
		}
		if _, err := server.AcceptStream(context.Background()); err == nil {
			t.Error("a stream of a connection that has ended")
		}
		log.Want(t, "RecordEvent")
	}
}

// A panic over a stranger's first packet drops it: the next one is answered.
func TestFaultInAServersGoroutine(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	dial, _, log := quicPair(t, func() qlogwriter.Trace {
		if broken.CompareAndSwap(true, false) {
			panic("the test's own")
		}
		return nil
	})
	client, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	client.CloseWithError(0, "")
	log.Want(t, "TestFaultInAServersGoroutine")
}
