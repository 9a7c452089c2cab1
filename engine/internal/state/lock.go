package state

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// stateLock keeps a state directory for one endpoint: two that saved there would
// undo each other's changes, and a ticket that was reset would be good again. The
// system gives the lock up when its process ends, however it does.
//
// The file stays when the lock is given up: who removed it could remove another's.
type stateLock struct{ file *os.File }

const lockName = "thingp2p.lock"

// Errors of lockFile.
var (
	errLocked   = errors.New("locked by another")
	errLockless = errors.New("the file system has no locks")
)

// lockState takes the lock of dir. The error is codes.ErrBusy, with who has it.
func lockState(dir string, log *slog.Logger) (*stateLock, error) {
	path := filepath.Join(dir, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, SecretMode)
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	switch err = lockFile(file); {
	case errors.Is(err, errLocked):
		err = codes.Because(codes.ErrBusy, fmt.Errorf("%s is in use by %s", dir, lockHolder(file)))
	case errors.Is(err, errLockless):
		log.Warn("the state directory cannot be locked: see to it that only one process uses it", "dir", dir, "error", err)
		err = nil
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	// For whom it stops; nothing depends on it.
	file.Truncate(0)
	file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return &stateLock{file}, nil
}

// lockHolder tells who has a lock, as far as its file says.
func lockHolder(file *os.File) string {
	text, _ := io.ReadAll(io.LimitReader(file, 20))
	number := string(text)
	if n := len(number); n > 0 && number[n-1] == '\n' {
		number = number[:n-1]
	}
	pid, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return "another process"
	case pid == os.Getpid():
		return "this process"
	}
	return fmt.Sprintf("process %d", pid)
}

// release may be called again.
func (l *stateLock) release() { l.file.Close() }
