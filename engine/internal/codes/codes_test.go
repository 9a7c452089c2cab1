package codes

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// What lacks files or memory is told as that, whatever it was that did not work.
func TestWhatIsLackingIsTold(t *testing.T) {
	for _, lacks := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		cause := fmt.Errorf("open: %w", &os.PathError{Op: "open", Path: "x", Err: lacks})
		if err := Because(ErrSignaling, cause); Of(err) != ErrNoMemory || !errors.Is(err, lacks) {
			t.Errorf("%v is told as %v", lacks, err)
		}
	}
	if err := Because(ErrSignaling, syscall.ECONNREFUSED); Of(err) != ErrSignaling {
		t.Error(err)
	}
}
