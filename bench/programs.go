//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The systems that are compared.
const (
	systemParlor   = "parlor"
	systemFloor    = "floor"
	systemColyseus = "colyseus"
	systemKCP      = "kcp"
	systemPresence = "presence"
	systemBoard    = "board"

	kindWalkers = "walkers"
)

// programs are what a benchmark runs. close removes what they left behind.
type programs struct {
	self     string
	parlor   string
	colyseus colyseus
	kcp      string // the peer's binary
	record   string // what Parlor records
	folder   string // for binaries and recordings
	runs     int
}

// newPrograms builds the server as its users do, unless there is one already.
func newPrograms(ctx context.Context, server, record string) (*programs, error) {
	p, err := ownPrograms()
	if err != nil {
		return nil, err
	}
	p.parlor, p.record = server, record
	if server == "" {
		p.parlor = filepath.Join(p.folder, "parlor")
		build := exec.CommandContext(ctx, "go", "build", "-o", p.parlor, "github.com/parlor-server/parlor/cmd/parlor")
		if out, err := build.CombinedOutput(); err != nil {
			p.close()
			return nil, fmt.Errorf("failed to build the server (run this inside the repository, or give --server): %w\n%s", err, out)
		}
	}
	return p, nil
}

// ownPrograms are those that need nothing but this program.
func ownPrograms() (*programs, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("failed to find this program: %w", err)
	}
	folder, err := os.MkdirTemp("", "parlor-bench-")
	if err != nil {
		return nil, fmt.Errorf("failed to make a folder for the server: %w", err)
	}
	return &programs{self: self, folder: folder}, nil
}

// addPeer makes a peer ready to start.
func (p *programs) addPeer(ctx context.Context, peer string) (err error) {
	if peer == systemKCP {
		p.kcp, err = newKCP(ctx, p.folder)
		return err
	}
	p.colyseus, err = newColyseus(ctx)
	return err
}

func (p *programs) close() { _ = os.RemoveAll(p.folder) }

// server is a running one.
type server struct {
	*process
	addr, admin, profile string
}

// start starts the server of a system for a plan.
func (p *programs) start(ctx context.Context, plan plan, down int) (*server, error) {
	switch plan.System {
	case systemFloor:
		return p.startFloor(ctx, plan, down)
	case systemColyseus:
		return p.colyseus.start(ctx)
	case systemKCP:
		return p.startKCP(ctx, plan, down)
	case systemPresence, systemBoard:
		return p.startTogether(ctx)
	}
	return p.startParlor(ctx)
}

func (p *programs) startParlor(ctx context.Context) (*server, error) {
	p.runs++
	s, err := startServer(ctx, p.parlor, "serve", "--addr=127.0.0.1:0", "--admin=127.0.0.1:0", "--log-level=error",
		"--record="+p.record, "--data="+filepath.Join(p.folder, "data"+strconv.Itoa(p.runs)))
	if err != nil {
		return nil, err
	}
	for s.admin == "" {
		line, err := s.line()
		if err != nil {
			s.end()
			return nil, err
		}
		// The greeting names the two addresses, the players' first.
		_, rest, ok := strings.Cut(line, "http://")
		switch addr, _, _ := strings.Cut(rest, "/"); {
		case !ok:
		case s.addr == "":
			s.addr = addr
		default:
			s.admin = "http://" + addr + "/"
			s.profile = s.admin + "debug/pprof/profile"
		}
	}
	return s, nil
}

// startTogether starts the benchmarks' own presence rooms and boards.
func (p *programs) startTogether(ctx context.Context) (*server, error) {
	p.runs++
	s, err := startServer(ctx, p.self, "-together", "--data="+filepath.Join(p.folder, "data"+strconv.Itoa(p.runs)))
	if err != nil {
		return nil, err
	}
	line, err := s.line()
	if err != nil {
		s.end()
		return nil, err
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		s.end()
		return nil, fmt.Errorf("the server says %q", line)
	}
	s.addr, s.admin = fields[0], fields[1]
	s.profile = s.admin + "debug/pprof/profile"
	return s, nil
}

func (p *programs) startFloor(ctx context.Context, plan plan, down int) (*server, error) {
	command := "-floor"
	if plan.UDP {
		command = "-udpfloor"
	}
	s, err := startServer(ctx, p.self, command, fmt.Sprint("--rooms=", plan.Rooms), fmt.Sprint("--players=", plan.Players), fmt.Sprint("--down=", down))
	if err != nil {
		return nil, err
	}
	if s.addr, err = s.line(); err != nil {
		s.end()
		return nil, err
	}
	if !plan.UDP {
		s.profile = "http://" + s.addr + "/profile"
	}
	return s, nil
}

func startServer(ctx context.Context, path string, args ...string) (*server, error) {
	p, err := start(ctx, serverCore, path, args...)
	if err != nil {
		return nil, err
	}
	return &server{process: p}, nil
}

// measure runs a plan against a new server of its system. down is the size of
// the floor's messages. during, if there is one, is called when the window
// opens.
func (p *programs) measure(ctx context.Context, plan plan, down int, during func(s *server) error) (measurement, error) {
	s, err := p.start(ctx, plan, down)
	if err != nil {
		return measurement{}, err
	}
	defer s.end()
	plan.Addr, plan.Admin, plan.PID = s.addr, s.admin, s.pid()
	text, err := json.Marshal(plan)
	if err != nil {
		return measurement{}, fmt.Errorf("failed to write the plan: %w", err)
	}
	l, err := start(ctx, loadCore, p.self, "-load", string(text))
	if err != nil {
		return measurement{}, err
	}
	defer l.end()
	if _, err := l.line(); err != nil {
		return measurement{}, fmt.Errorf("the load against %s: %w", plan.System, err)
	}
	if during != nil {
		if err := during(s); err != nil {
			return measurement{}, err
		}
	}
	line, err := l.line()
	if err != nil {
		return measurement{}, fmt.Errorf("the load against %s: %w", plan.System, err)
	}
	var m measurement
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return measurement{}, fmt.Errorf("failed to read what the load measured: %w", err)
	}
	return m, nil
}

// fetchProfile is a CPU profile that ends a little before the window does.
func fetchProfile(ctx context.Context, url string, window time.Duration, to io.Writer) error {
	if url == "" {
		return errors.New("this system has no profile")
	}
	url += fmt.Sprintf("?seconds=%.2f", max(window-200*time.Millisecond, 100*time.Millisecond).Seconds())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("failed to ask for a profile: %w", err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("failed to ask for a profile: %w", err)
	}
	defer func() { _ = r.Body.Close() }()
	if _, err := io.Copy(to, r.Body); err != nil {
		return fmt.Errorf("failed to read a profile: %w", err)
	}
	return nil
}
