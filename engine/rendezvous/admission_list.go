package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// idList is an Admission by a file with one id in each line; what follows an id, and
// lines that begin with #, are for people. The id of a device admits it and the apps
// that it speaks for, all on its account; the id of an app, the app.
type idList struct {
	file string
	log  *slog.Logger

	mu     sync.Mutex
	ids    map[string]struct{}
	as     os.FileInfo // the file when it was read
	failed bool        // the file could not be read the last time
}

// AdmitListed returns an Admission by the ids in a file, which is read again when it
// changes. While it cannot be read, what was read before holds.
func AdmitListed(file string, log *slog.Logger) (Admission, error) {
	l := &idList{file: file, log: log}
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("the list of who may use the relays cannot be used: %w: give -admit a file with the id of a device in each line", err)
	}
	return l, nil
}

func (l *idList) Admit(_ context.Context, who Applicant) (account string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err = l.load()
	if err != nil && !l.failed {
		l.log.Error("the list of who may use the relays cannot be read: what was read before holds", "error", err)
	}
	l.failed = err != nil
	for _, id := range append([]string{who.ID}, who.Devices...) {
		if _, listed := l.ids[id]; listed {
			return id, nil
		}
	}
	return "", nil
}

var errEmptyList = errors.New("it is empty: if nobody is to be admitted any more, leave a comment in it")

// load reads the file unless it is as it was.
func (l *idList) load() error {
	info, err := os.Stat(l.file)
	if err != nil {
		return err
	}
	if l.ids != nil && sameFile(info, l.as) {
		return nil
	}
	text, err := os.ReadFile(l.file)
	if err != nil {
		return err
	}
	ids, err := parseList(string(text))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(text)) == "" && l.ids != nil { // it is being written, or the disk was full then
		return errEmptyList
	}
	l.ids, l.as = ids, info
	return nil
}

func parseList(text string) (map[string]struct{}, error) {
	ids := map[string]struct{}{}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		key, err := ident.Parse(fields[0])
		if err != nil {
			return nil, fmt.Errorf("line %d: %q: %w", i+1, fields[0], err)
		}
		ids[ident.Format(key)] = struct{}{}
	}
	return ids, nil
}
