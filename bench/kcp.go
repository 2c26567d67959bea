//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// newKCP builds the peer in peers/kcp, which is a module of its own: of this
// one only netcode/udp may import kcp-go.
func newKCP(ctx context.Context, folder string) (path string, err error) {
	peer, err := peerFolder(ctx, "kcp")
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, "kcp")
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", peer, "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("failed to build the KCP peer: %w\n%s", err, out)
	}
	return path, nil
}

// peerFolder is where the repository keeps a peer.
func peerFolder(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "github.com/parlor-server/parlor/bench").Output()
	if err != nil {
		return "", fmt.Errorf("failed to find bench/peers (run this inside the repository): %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "peers", name), nil
}

func (p *programs) startKCP(ctx context.Context, plan plan, down int) (*server, error) {
	s, err := startServer(ctx, p.kcp, fmt.Sprint("--rooms=", plan.Rooms), fmt.Sprint("--players=", plan.Players), fmt.Sprint("--down=", down-kcpHeader))
	if err != nil {
		return nil, err
	}
	if s.addr, err = s.line(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}
