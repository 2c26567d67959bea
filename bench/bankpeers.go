//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startPinned starts a program on one core, scheduled like all others: systems
// of many processes and threads would not be themselves in real time.
func startPinned(core int, cmd *exec.Cmd) (*process, error) {
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("failed to start %s: %w", cmd.Path, err)
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine, and its core with it
		var set unix.CPUSet
		set.Set(core)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			started <- err
			return
		}
		started <- cmd.Start()
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("failed to start %s: %w", cmd.Path, err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return &process{cmd, lines}, nil
}

// bankSystems makes ready what is compared.
func bankSystems(ctx context.Context, folder string, o bankOptions) ([]bankSystem, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("failed to find this program: %w", err)
	}
	runs := 0
	fresh := func(name string) string {
		runs++
		return filepath.Join(folder, name+strconv.Itoa(runs))
	}
	parlor := bankSystem{name: systemParlor, start: func(ctx context.Context) (bankRun, error) {
		return startParlorBank(ctx, self, fresh("parlor"), o)
	}}
	if o.only == systemParlor {
		return []bankSystem{parlor}, nil
	}
	peer, err := peerFolder(ctx, "sql")
	if err != nil {
		return nil, err
	}
	sql := filepath.Join(folder, "sql")
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", peer, "-o", sql, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("failed to build the databases' side (it needs a C compiler): %w\n%s", err, out)
	}
	return []bankSystem{
		parlor,
		{name: systemPostgres, start: func(ctx context.Context) (bankRun, error) {
			return startPostgres(ctx, sql, fresh("postgres"), o)
		}},
		{name: systemSQLite, start: func(ctx context.Context) (bankRun, error) {
			return startSQLite(ctx, sql, fresh("sqlite"), o)
		}, works: func(w bankWork) bool { return w.inFlight == 1 && !w.contended }}, // HTTP does not pipeline
	}, nil
}

// parlorBank is Parlor's server, and its load.
type parlorBank struct {
	server        *process
	self          string
	addr, profile string
}

func startParlorBank(ctx context.Context, self, data string, o bankOptions) (bankRun, error) {
	server, err := startPinned(serverCore, exec.CommandContext(ctx, self, "-bank", "--data="+data, fmt.Sprint("--accounts=", o.accounts)))
	if err != nil {
		return nil, err
	}
	line, err := server.line()
	if err != nil {
		server.end()
		return nil, err
	}
	addr, profile, _ := strings.Cut(line, " ")
	return &parlorBank{server, self, addr, profile}, nil
}

func (b *parlorBank) end() { b.server.end() }

func (b *parlorBank) run(ctx context.Context, o bankOptions, w bankWork) (bankResult, error) {
	load, err := startPinned(loadCore, exec.CommandContext(ctx, b.self, append([]string{"-bankload", "--addr=" + b.addr}, o.loadFlags(w)...)...))
	if err != nil {
		return bankResult{}, err
	}
	defer load.end()
	if _, err := load.line(); err != nil {
		return bankResult{}, err
	}
	profiled := make(chan error, 1)
	if o.profile != "" && w.name == workPipelined {
		go func() { profiled <- writeProfile(ctx, "http://"+b.profile+"/profile", o.window, o.profile) }()
	} else {
		profiled <- nil
	}
	res, err := measureLoad(load, b.server.pid())
	if profile := <-profiled; err == nil {
		err = profile
	}
	return res, err
}

func writeProfile(ctx context.Context, url string, window time.Duration, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("failed to write a profile: %w", err)
	}
	if err := fetchProfile(ctx, url, window, f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// loadFlags are those that all loads take.
func (o bankOptions) loadFlags(w bankWork) []string {
	return []string{
		fmt.Sprint("--accounts=", o.accounts), fmt.Sprint("--clients=", o.clients), fmt.Sprint("--in-flight=", w.inFlight),
		fmt.Sprint("--contended=", w.contended), fmt.Sprint("--warm=", o.warm), fmt.Sprint("--window=", o.window),
	}
}

// measureLoad reads what a load measured, and how much CPU was used meanwhile.
func measureLoad(load *process, server int) (res bankResult, err error) {
	began, all, ours, theirs := time.Now(), cpuOfAll(), cpuOf(server), cpuOf(load.pid())
	line, err := load.line()
	if err != nil {
		return res, fmt.Errorf("the load: %w", err)
	}
	seconds := time.Since(began).Seconds()
	used := cpuOf(server) - ours
	if err := json.Unmarshal([]byte(line), &res); err != nil {
		return res, fmt.Errorf("failed to read what the load measured: %w", err)
	}
	res.Server = used / seconds
	res.Other = max(0, (cpuOfAll()-all-used-(cpuOf(load.pid())-theirs))/seconds)
	return res, nil
}

// sqlBank is a database and the load on it.
type sqlBank struct {
	sql, target string
	pid         int
	stop        func()
}

func (b *sqlBank) end() { b.stop() }

func (b *sqlBank) run(ctx context.Context, o bankOptions, w bankWork) (bankResult, error) {
	load, err := startPinned(loadCore, exec.CommandContext(ctx, b.sql, append([]string{"load", b.target}, o.loadFlags(w)...)...))
	if err != nil {
		return bankResult{}, err
	}
	defer load.end()
	return measureLoad(load, b.pid)
}

func startSQLite(ctx context.Context, sql, folder string, o bankOptions) (bankRun, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("failed to make a folder for SQLite: %w", err)
	}
	server, err := startPinned(serverCore, exec.CommandContext(ctx, sql, "serve", "--file="+filepath.Join(folder, "bank.db"), fmt.Sprint("--accounts=", o.accounts)))
	if err != nil {
		return nil, err
	}
	addr, err := server.line()
	if err != nil {
		server.end()
		return nil, err
	}
	return &sqlBank{sql: sql, target: "--url=http://" + addr, pid: server.pid(), stop: server.end}, nil
}

// postgresBin is where Debian keeps the programs of PostgreSQL 15.
const postgresBin = "/usr/lib/postgresql/15/bin"

// startPostgres makes a cluster of its own and runs it wholly on the server's
// core: synchronous_commit and fsync are on, as by default.
func startPostgres(ctx context.Context, sql, folder string, o bankOptions) (bankRun, error) {
	if _, err := os.Stat(postgresBin); err != nil {
		return nil, fmt.Errorf("PostgreSQL 15 is missing (apt-get install postgresql-15), or leave it out with --only=parlor")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("failed to make a folder for PostgreSQL: %w", err)
	}
	as, err := ordinaryUser(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(postgresBin, "initdb"), "-D", data, "-A", "trust", "-U", "bench")
	initdb.SysProcAttr, initdb.Dir = as, folder
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("failed to make a PostgreSQL cluster: %w\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(postgresBin, "postgres"), "-D", data, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=1GB", "-c", "log_min_messages=panic")
	cmd.SysProcAttr, cmd.Dir = as, folder
	server, err := startPinned(serverCore, cmd)
	if err != nil {
		return nil, err
	}
	stop := func() {
		_ = server.cmd.Process.Signal(syscall.SIGINT) // fast shutdown: its children end, too
		_ = server.cmd.Wait()
	}
	dsn := fmt.Sprintf("postgres://bench@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := setUp(ctx, sql, dsn, o); err != nil {
		stop()
		return nil, err
	}
	return &sqlBank{sql: sql, target: "--dsn=" + dsn, pid: server.pid(), stop: stop}, nil
}

// setUp waits for PostgreSQL and makes the accounts.
func setUp(ctx context.Context, sql, dsn string, o bankOptions) error {
	const patience = 100
	for try := 0; ; try++ {
		out, err := exec.CommandContext(ctx, sql, "setup", "--dsn="+dsn, fmt.Sprint("--accounts=", o.accounts)).CombinedOutput()
		if err == nil {
			return nil
		}
		if try == patience || ctx.Err() != nil {
			return fmt.Errorf("failed to set PostgreSQL up: %w\n%s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("failed to find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// ordinaryUser gives the folder to the user postgres when this is root, whom
// PostgreSQL refuses to serve.
func ordinaryUser(folder string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("failed to find an ordinary user for PostgreSQL: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid) // numbers, on Linux
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(folder, uid, gid); err != nil {
		return nil, fmt.Errorf("failed to give PostgreSQL its folder: %w", err)
	}
	if err := os.Chmod(filepath.Dir(folder), 0o711); err != nil {
		return nil, fmt.Errorf("failed to let PostgreSQL into its folder: %w", err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
