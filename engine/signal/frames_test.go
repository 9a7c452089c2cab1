package signal

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// readFrom is a connection that brings bytes, and nothing else.
type readFrom struct {
	net.Conn
	io.Reader
}

func (r readFrom) Read(p []byte) (int, error) { return r.Reader.Read(p) }

// TestServerThatBreaksTheRules: whatever a server says, the client neither falls
// nor grows, and still hears what may be said.
func TestServerThatBreaksTheRules(t *testing.T) {
	long := func(first byte, size int) []byte { return append([]byte{first}, variableLength(size)...) }
	codes := append(long(suback, 1002), make([]byte, 1002)...)
	for name, lie := range map[string][]byte{
		"SUBACK with 1000 results":      codes,
		"SUBACK without a result":       {suback, 2, 0, 1},
		"SUBACK for all":                allIDs(suback, 0, 0, 0),
		"UNSUBACK for all":              allIDs(unsuback),
		"PUBACK for all":                allIDs(0x40),
		"PUBREC for all":                allIDs(0x50),
		"PUBREL for all":                allIDs(0x62),
		"PUBCOMP for all":               allIDs(0x70),
		"CONNACK again":                 {connack, 2, 0, 5},
		"CONNACK with an unknown code":  {connack, 2, 0, 200},
		"CONNACK without a code":        {connack, 0},
		"CONNECT":                       {0x10, 0},
		"SUBSCRIBE":                     {0x82, 0},
		"reserved":                      {0, 0, 0xf0, 0},
		"PINGRESP":                      {pingresp, 0, pingresp, 1, 0},
		"PUBLISH of QoS 2":              {0x34, 7, 0, 1, 't', 0, 1, 'x', 'x'},
		"PUBLISH that is large":         append(long(publish, 1<<20), make([]byte, 1<<20)...),
		"PUBLISH to a topic of others":  append(long(publish, 9), "\x00\x05other.."...),
		"PUBLISH whose topic is longer": append(long(publish, 4), 0xff, 0xff, 'x', 'x'),
		"PUBLISH without a topic":       {publish, 0, publish, 1, 0},
		"256 MB announced":              long(publish, 1<<28-1),
		"a length of five bytes":        {publish, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				lies := make(chan net.Conn, 1)
				honest := true
				s.answer(func(conn net.Conn) {
					ours, theirs := net.Pipe()
					s.broker.Serve(theirs)
					go io.Copy(ours, conn)
					go func() {
						io.Copy(conn, ours)
						conn.Close()
					}()
					if honest {
						lies <- conn
						honest = false
					}
				})
				c := s.client(Device, "dev")
				(<-lies).Write(lie)
				time.Sleep(time.Minute) // it finds out, if it has to, and comes back
				if !c.isOnline() {
					t.Fatal("offline:", c.Err())
				}
				app := s.client(App, "app")
				app.Send(Device, id("dev"), offer("app", "1"))
				synctest.Wait()
				if len(c.got) != 1 {
					t.Errorf("%d messages", len(c.got))
				}
			})
		})
	}
}

// TestAnswersThatAreTooLong: what the client waits for, with more in it than it may
// have.
func TestAnswersThatAreTooLong(t *testing.T) {
	for name, answer := range map[string]func(p packets.ControlPacket) []byte{
		"SUBACK": func(p packets.ControlPacket) []byte {
			s, ok := p.(*packets.SubscribePacket)
			if !ok {
				return nil
			}
			results := append([]byte{suback}, variableLength(2+1000)...)
			return append(binary.BigEndian.AppendUint16(results, s.MessageID), make([]byte, 1000)...)
		},
		"256 MB": func(p packets.ControlPacket) []byte {
			if !isSubscribe(p) {
				return nil
			}
			return append([]byte{publish}, variableLength(1<<28-1)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				s.answer(func(conn net.Conn) {
					go func() {
						defer conn.Close()
						for {
							p, err := packets.ReadPacket(conn)
							if err != nil {
								return
							}
							if long := answer(p); long != nil {
								conn.Write(long)
							} else if a := answerTo(p); a != nil {
								a.Write(conn)
							}
						}
					}()
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				c := s.client(Device, "dev")
				runtime.ReadMemStats(&after)
				if name == "SUBACK" && !c.isOnline() {
					t.Error("offline:", c.Err())
				}
				if grew := after.TotalAlloc - before.TotalAlloc; grew > 10<<20 {
					t.Errorf("%d bytes were made room for", grew)
				}
			})
		})
	}
}

// allIDs is a packet for each id there can be.
func allIDs(first byte, results ...byte) []byte {
	var all []byte
	for n := range 1 << 16 {
		all = append(all, first, byte(2+len(results)))
		all = append(binary.BigEndian.AppendUint16(all, uint16(n)), results...)
	}
	return all
}

func variableLength(size int) []byte {
	var b []byte
	for ; size >= 0x80; size >>= 7 {
		b = append(b, byte(size)|0x80)
	}
	return append(b, byte(size))
}

// What passes is what the MQTT client can read, and small.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{connack, 2, 0, 0, suback, 5, 0, 1, 0, 0, 0, pingresp, 0, unsuback, 2, 0, 1})
	f.Add(append([]byte{publish, 7}, "\x00\x05topic"...))
	f.Add([]byte{0x34, 7, 0, 1, 't', 0, 1, 'x', 'x', pingresp, 0})
	f.Add([]byte{publish, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, stream []byte) {
		c := newCheckedConn(readFrom{Reader: bytes.NewReader(stream)}, panics.Guard{})
		for {
			p, err := packets.ReadPacket(c)
			if err != nil {
				break
			}
			switch p := p.(type) {
			case *packets.SubackPacket:
				if len(p.ReturnCodes) != 1 {
					t.Errorf("%d results", len(p.ReturnCodes))
				}
			case *packets.PublishPacket:
				if p.Qos != 0 || len(p.Payload) > maxPublishBytes {
					t.Errorf("QoS %d, %d bytes", p.Qos, len(p.Payload))
				}
			case *packets.ConnackPacket, *packets.UnsubackPacket, *packets.PingrespPacket:
			default:
				t.Errorf("%T", p)
			}
		}
		if cap(c.room) > 2*maxPublishBytes {
			t.Errorf("room for %d bytes", cap(c.room))
		}
	})
}
