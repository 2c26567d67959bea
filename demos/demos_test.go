package demos

import (
	"io/fs"
	"testing"
)

func TestRoomsCanRun(t *testing.T) {
	for _, kind := range Rooms() {
		if err := kind.Err(); err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		}
	}
	for _, kind := range Records() {
		if err := kind.Err(); err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		}
	}
	for _, kind := range Presence() {
		if err := kind.Err(); err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		}
	}
	for _, kind := range Canvas() {
		if err := kind.Err(); err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		}
	}
}

func TestEveryRoomHasAPage(t *testing.T) {
	pages := []string{".", "tasks", "bank", "whiteboard", "cursors", "chat", "notes"}
	for _, kind := range Rooms() {
		pages = append(pages, kind.Name())
	}
	for _, page := range pages {
		dir, err := fs.Sub(Web(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"index.html", "main.js", "style.css"} {
			if info, err := fs.Stat(dir, file); err != nil || info.Size() == 0 {
				t.Errorf("%s has no %s (%v)", page, file, err)
			}
		}
	}
}
