//go:build unix

package state

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// secureStateDir refuses a directory in which any other user could put another
// state. What is only looser than it should be is told, and a state that others
// could read is closed to them.
func secureStateDir(dir string, log *slog.Logger) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the state directory: %w", err)
	}
	mode, us := info.Mode(), os.Geteuid()
	owner := us
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	switch {
	case owner != us && owner != 0 && us != 0:
		return fmt.Errorf("the state directory %s belongs to another user (%d): use one of your own", dir, owner)
	case mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0:
		return fmt.Errorf("anybody may write to the state directory %s (mode %o): chmod 700 it, or use another", dir, mode.Perm())
	case owner != us || mode.Perm()&0o077 != 0:
		log.Warn("the state directory is not for its owner alone: chmod 700 is better", "dir", dir, "owner", owner, "mode", fmt.Sprintf("%o", mode.Perm()))
	}
	return closeStateFile(filepath.Join(dir, FileName), log)
}

func closeStateFile(path string, log *slog.Logger) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the state: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&^SecretMode == 0 {
		return nil
	}
	log.Warn("others could read the key and the ticket until now: if somebody may have, start with a new state", "file", path, "mode", fmt.Sprintf("%o", info.Mode().Perm()))
	if err := os.Chmod(path, SecretMode); err != nil {
		return fmt.Errorf("close the state to others: %w", err)
	}
	return nil
}
