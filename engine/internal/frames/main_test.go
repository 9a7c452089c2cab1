package frames

import (
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
