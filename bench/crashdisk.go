//go:build linux

package main

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/parlor-server/parlor/internal/disk"
)

// crashDisk is the real disk, with a diary of what was done to it and what was
// synced, so that somebody else can undo what a lost write cache would lose. It
// fills up and fails to sync when it is told to.
type crashDisk struct {
	disk.FS
	grave string // removed files wait there until their folder is synced

	mu      sync.Mutex // guards all below
	diary   *gob.Encoder
	buried  int
	left    int64 // bytes that files may grow by; negative: any
	badSync int   // syncs until one fails; negative: none
}

// crashKind is what an operation in the diary did.
type crashKind uint8

const (
	crashWrote crashKind = iota + 1
	crashTruncated
	crashSynced
	crashSyncFailed
	crashCreated
	crashRemoved
	crashFolderSynced
)

// crashOp is one operation. Those that change something are written down before
// they are made, syncs when they have succeeded.
type crashOp struct {
	Kind     crashKind
	Name     string // of the file, or the folder
	Off      int64
	Old, New []byte // what stood there, what stands there now
	OldSize  int64
	NewSize  int64
	Grave    string // where a removed file is
}

func newCrashDisk(diary, grave string, quota int64, badSync int) (*crashDisk, error) {
	if err := os.MkdirAll(grave, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(diary, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := trimDiary(f); err != nil {
		return nil, err
	}
	return &crashDisk{FS: disk.OS(), grave: grave, diary: gob.NewEncoder(framed{f}), left: quota, badSync: badSync}, nil
}

func (d *crashDisk) note(o crashOp) error {
	if err := d.diary.Encode(o); err != nil {
		return fmt.Errorf("failed to write the diary: %w", err)
	}
	return nil
}

func (d *crashDisk) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, missing := os.Stat(name)
	if flag&os.O_CREATE != 0 && errors.Is(missing, fs.ErrNotExist) {
		if err := d.note(crashOp{Kind: crashCreated, Name: name}); err != nil {
			return nil, err
		}
	}
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &crashFile{f, d, name}, nil
}

// Rename is not undone: the journal does not use it.
func (d *crashDisk) Rename(string, string) error { return errors.ErrUnsupported }

func (d *crashDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buried++
	grave := filepath.Join(d.grave, fmt.Sprintf("%d-%d", os.Getpid(), d.buried))
	if err := d.note(crashOp{Kind: crashRemoved, Name: name, Grave: grave}); err != nil {
		return err
	}
	return os.Rename(name, grave)
}

func (d *crashDisk) SyncDir(name string) error {
	if err := d.FS.SyncDir(name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.note(crashOp{Kind: crashFolderSynced, Name: name})
}

// crashFile is an open file of a crashDisk.
type crashFile struct {
	disk.File
	disk *crashDisk
	name string
}

func (f *crashFile) WriteAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	full := false
	if grown := off + int64(len(b)) - size; f.disk.left >= 0 && grown > f.disk.left {
		full = true
		b = b[:max(0, int64(len(b))-grown+f.disk.left)]
	}
	if len(b) > 0 {
		old := make([]byte, len(b))
		n, err := f.ReadAt(old, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if err := f.disk.note(crashOp{Kind: crashWrote, Name: f.name, Off: off, Old: old[:n], New: b, OldSize: size}); err != nil {
			return 0, err
		}
		if grown := off + int64(len(b)) - size; f.disk.left >= 0 && grown > 0 {
			f.disk.left -= grown
		}
		if n, err := f.File.WriteAt(b, off); err != nil {
			return n, err
		}
	}
	if full {
		return len(b), &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return len(b), nil
}

func (f *crashFile) Truncate(to int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	size, err := f.Size()
	if err != nil {
		return err
	}
	old := make([]byte, max(0, size-to))
	if _, err := f.ReadAt(old, to); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := f.disk.note(crashOp{Kind: crashTruncated, Name: f.name, Old: old, OldSize: size, NewSize: to}); err != nil {
		return err
	}
	return f.File.Truncate(to)
}

func (f *crashFile) Sync() error {
	f.disk.mu.Lock()
	if f.disk.badSync >= 0 {
		if f.disk.badSync--; f.disk.badSync < 0 {
			defer f.disk.mu.Unlock()
			if err := f.disk.note(crashOp{Kind: crashSyncFailed, Name: f.name}); err != nil {
				return err
			}
			return &fs.PathError{Op: "sync", Path: f.name, Err: syscall.EIO}
		}
	}
	f.disk.mu.Unlock()
	if err := f.File.Sync(); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.disk.note(crashOp{Kind: crashSynced, Name: f.name})
}
