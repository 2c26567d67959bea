//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The cores that the two sides of a measurement have for themselves.
const (
	serverCore = 0
	loadCore   = 1
)

// maxCPU is how many seconds of CPU a child may use before the kernel ends it:
// several times what a run needs. Two children that run before all others, on
// a machine of two cores, leave nobody else the time to end them.
const maxCPU = 60

// process is a child with a core for itself, whose standard output is read
// line by line. Its owner must call end.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// start runs a program on one core. It ends with ctx at the latest.
func start(ctx context.Context, core int, path string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "NODE_ENV=production")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("failed to start %s: %w", path, err)
	}
	if err := startOn(core, cmd); err != nil {
		return nil, fmt.Errorf("failed to start %s: %w", path, err)
	}
	limit := unix.Rlimit{Cur: maxCPU, Max: maxCPU}
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_CPU, &limit, nil); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("failed to bound the time of %s: %w", path, err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return &process{cmd, lines}, nil
}

// startOn starts cmd from a thread whose core and scheduling the child
// inherits. The goroutine keeps the thread, which so ends with it.
func startOn(core int, cmd *exec.Cmd) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		var set unix.CPUSet
		set.Set(core)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			result <- fmt.Errorf("no core %d for it: %w", core, err)
			return
		}
		_ = beRealTime() // only root may; other_cpu tells whether it mattered
		result <- cmd.Start()
	}()
	return <-result
}

// beRealTime makes the thread run before all ordinary ones.
func beRealTime() error {
	attr := unix.SchedAttr{Policy: unix.SCHED_RR, Priority: 1}
	attr.Size = uint32(unsafe.Sizeof(attr))
	return unix.SchedSetAttr(0, &attr, 0)
}

// line is the next line that the process prints.
func (p *process) line() (string, error) {
	if p.lines.Scan() {
		return p.lines.Text(), nil
	}
	err := p.lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return "", fmt.Errorf("failed to read from %s: %w", p.cmd.Path, err)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// end kills the process: nothing that it would still do is of interest.
func (p *process) end() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
}
