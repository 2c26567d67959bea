package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go/bots"
)

// Option adds to what a program's commands know.
type Option func(*program)

// Bots says how bots play a kind of room, for the command bots. Without it
// they send random commands that the room takes.
func Bots(kind string, b bots.Behavior) Option {
	return func(p *program) { p.behaviors[kind] = b }
}

// program is what all commands get.
type program struct {
	ctx       context.Context // ends at the first Ctrl-C or SIGTERM
	name      string          // how the user called it
	cfg       parlor.Config
	behaviors map[string]bots.Behavior
	stdout    io.Writer
	stderr    io.Writer
}

// commands is the command line.
type commands struct {
	Serve    serveCommand    `cmd:"" help:"Run the games until Ctrl-C or SIGTERM."`
	Bots     botsCommand     `cmd:"" help:"Let bots play on a running server, and measure it."`
	Netsim   netsimCommand   `cmd:"" help:"Put a bad network between clients and a running server."`
	Replay   replayCommands  `cmd:"" help:"Check, show and compare recordings of rooms."`
	Gen      genCommands     `cmd:"" help:"Write code for clients of this program's rooms."`
	Call     callCommand     `cmd:"" help:"Run a mutation in a record room of a running server."`
	Query    queryCommand    `cmd:"" help:"Print records of a running server."`
	Watch    watchCommand    `cmd:"" help:"Print records of a running server, and every change of them."`
	Export   exportCommand   `cmd:"" help:"Print a board or a document of a running server."`
	Import   importCommand   `cmd:"" help:"Put what export printed on a board of a running server."`
	Versions versionsCommand `cmd:"" help:"List, save and restore versions of a board of a running server."`
	Backup   backupCommand   `cmd:"" help:"Copy all record rooms, boards and documents into a file."`
	Restore  restoreCommand  `cmd:"" help:"Make the rooms of a data folder out of a backup."`
	Check    checkCommand    `cmd:"" help:"Look for damage in the rooms of a data folder."`
	Dump     dumpCommand     `cmd:"" help:"Print all records of a collection, or a board, out of a data folder."`
	Version  versionCommand  `cmd:"" help:"Print this program's version."`
}

// exitStatus ends the program with a status of its own; the command has
// already said why.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// The exit statuses, see the package comment.
const (
	exitFailed    exitStatus = 1
	exitUsage     exitStatus = 2
	exitDifferent exitStatus = 3
)

// Main runs the command that the command line names, and ends the program. The
// first Ctrl-C or SIGTERM asks the command to end, the second one ends it.
func Main(cfg parlor.Config, options ...Option) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(Run(ctx, cfg, os.Args, os.Stdout, os.Stderr, options...))
}

// Run is Main for tests and for programs with more to do: args begin with the
// program's name, and the exit status is returned.
func Run(ctx context.Context, cfg parlor.Config, args []string, stdout, stderr io.Writer, options ...Option) int {
	p := &program{
		ctx: ctx, name: programName(args), cfg: cfg, stdout: stdout, stderr: stderr,
		behaviors: make(map[string]bots.Behavior),
	}
	for _, option := range options {
		option(p)
	}
	err := p.run(args[min(1, len(args)):])
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	// The program speaks for itself, so the library need not name itself too.
	fmt.Fprintf(stderr, "%s: %s\n", p.name, strings.TrimPrefix(err.Error(), "parlor: "))
	return int(exitFailed)
}

func programName(args []string) string {
	if len(args) == 0 {
		return "parlor"
	}
	return strings.TrimSuffix(filepath.Base(args[0]), ".exe")
}

// run parses and runs one command. kong ends a program by a call of Exit, in
// the middle of parsing; here it is a panic that does not leave this function.
func (p *program) run(args []string) (err error) {
	type exit struct{ status int }
	defer func() {
		if e := recover(); e != nil {
			ended, ok := e.(exit)
			if !ok {
				panic(e)
			}
			err = nil
			if ended.status != 0 {
				err = exitStatus(ended.status)
			}
		}
	}()
	var grammar commands
	parser, err := p.parser(&grammar, func(status int) { panic(exit{status}) })
	if err != nil {
		return fmt.Errorf("failed to set up the command line: %w", err)
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	case args[0] == "--version":
		args = []string{"version"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "%s: %v\nRun %q for help.\n", p.name, err, helpCommand(p.name, err))
		return exitUsage
	}
	return parsed.Run(p)
}

func (p *program) parser(grammar *commands, exit func(int)) (*kong.Kong, error) {
	return kong.New(grammar,
		kong.Name(p.name), kong.Description(description(p.name, p.cfg)),
		kong.Writers(p.stdout, p.stderr), kong.Exit(exit),
		environment(), defaults(p.cfg), groups(), examples(p.name, firstKind(p.cfg)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100, NoAppDescFormat: true}),
		kong.TypeMapper(sizeType, kong.MapperFunc(decodeSize)),
		kong.ValueFormatter(formatHelp),
	)
}

// helpCommand is what to type to learn about the command that was mistyped.
func helpCommand(name string, err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context.Selected() != nil {
		return wrong.Context.Selected().FullPath() + " --help"
	}
	return name + " --help"
}

// versionCommand prints versions.
type versionCommand struct{}

// Run prints one line.
func (versionCommand) Run(p *program) error {
	_, err := fmt.Fprintf(p.stdout, "%s on Parlor %s, %s\n", p.name, parlor.Version(), goVersion())
	return err
}
