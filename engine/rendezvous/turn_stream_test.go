package rendezvous

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"testing"
)

// stunMessage returns a Binding request whose length field says size.
func stunMessage(size uint16, body int) []byte {
	m := binary.BigEndian.AppendUint16([]byte{0, 1}, size)
	m = binary.BigEndian.AppendUint32(m, magicCookie)
	return append(m, make([]byte, 12+body)...)
}

func TestReadFrame(t *testing.T) {
	channel := func(size uint16, body int) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0x40, 0}, size), make([]byte, body)...)
	}
	for name, test := range map[string]struct {
		stream []byte
		sizes  []int
		err    error
	}{
		"nothing":                      {nil, nil, io.EOF},
		"STUN":                         {stunMessage(8, 8), []int{28}, io.EOF},
		"STUN twice":                   {append(stunMessage(0, 0), stunMessage(4, 4)...), []int{20, 24}, io.EOF},
		"STUN cut off":                 {stunMessage(8, 4), nil, io.ErrUnexpectedEOF},
		"STUN cut off in the header":   {stunMessage(8, 8)[:6], nil, io.EOF},
		"STUN of odd length":           {stunMessage(5, 8), nil, errFrame},
		"STUN too long":                {stunMessage(1600, 1600), nil, errFrame},
		"STUN whose length wraps":      {stunMessage(65516, 0), nil, errFrame},
		"STUN without cookie":          {make([]byte, 20), nil, errFrame},
		"ChannelData":                  {channel(8, 8), []int{12}, io.EOF},
		"ChannelData, empty":           {channel(0, 0), []int{4}, io.EOF},
		"ChannelData, padded":          {channel(5, 8), []int{12}, io.EOF},
		"ChannelData whose end wraps":  {channel(65535, 0), nil, errFrame},
		"ChannelData and STUN":         {append(channel(1, 4), stunMessage(0, 0)...), []int{8, 20}, io.EOF},
		"HTTP, a very long channel":    {[]byte("GET / HTTP/1.1\r\n"), nil, errFrame},
		"bytes that nobody has a name": {[]byte{0xff, 0xff, 0xff, 0xff, 0xff}, nil, errFrame},
	} {
		in, buffer := bufio.NewReader(bytes.NewReader(test.stream)), make([]byte, 1600)
		for _, want := range test.sizes {
			if n, err := readFrame(in, buffer); n != want || err != nil {
				t.Errorf("%s: %d %v, want %d", name, n, err, want)
			}
		}
		if n, err := readFrame(in, buffer); err != test.err {
			t.Errorf("%s: at the end %d %v, want %v", name, n, err, test.err)
		}
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(stunMessage(8, 8))
	f.Add(stunMessage(65516, 0))
	f.Add([]byte{0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		in, buffer := bufio.NewReader(bytes.NewReader(stream)), make([]byte, 1600)
		read := 0
		for {
			n, err := readFrame(in, buffer)
			if err != nil {
				return
			}
			if n < channelHeader || n >= len(buffer) {
				t.Fatalf("a frame of %d bytes", n)
			}
			if read += n; read > len(stream) {
				t.Fatalf("%d bytes out of %d", read, len(stream))
			}
		}
	})
}
