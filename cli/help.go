package cli

import (
	"runtime"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/parlor-server/parlor"
)

// description is the head of the program's own help.
func description(name string, cfg parlor.Config) string {
	kinds := make([]string, len(cfg.Rooms))
	for i, kind := range cfg.Rooms {
		kinds[i] = kind.Name()
	}
	serves := "Its games: " + strings.Join(kinds, ", ")
	if len(kinds) == 0 {
		serves = "It has no games"
	}
	if len(cfg.Records) > 0 {
		serves += ". Its record rooms: " + strings.Join(recordKinds(cfg), ", ")
	}
	if len(cfg.Presence) > 0 {
		names := make([]string, len(cfg.Presence))
		for i, kind := range cfg.Presence {
			names[i] = kind.Name()
		}
		serves += ". Its presence rooms: " + strings.Join(names, ", ")
	}
	if len(cfg.Canvas) > 0 {
		serves += ". Its boards and documents: " + strings.Join(canvasKinds(cfg), ", ")
	}
	return inExamples(`A game server on Parlor. `+serves+`.

Start it, and open the page that it names:
    PROGRAM serve

Fill it with players, in a second terminal:
    PROGRAM bots --room KIND

Replay what its rooms recorded, and check every tick:
    PROGRAM replay verify data/recordings`, name, firstKind(cfg))
}

func recordKinds(cfg parlor.Config) []string {
	kinds := make([]string, len(cfg.Records))
	for i, kind := range cfg.Records {
		kinds[i] = kind.Name()
	}
	return kinds
}

func canvasKinds(cfg parlor.Config) []string {
	kinds := make([]string, len(cfg.Canvas))
	for i, kind := range cfg.Canvas {
		kinds[i] = kind.Name()
	}
	return kinds
}

func firstKind(cfg parlor.Config) string {
	if len(cfg.Rooms) == 0 {
		return ""
	}
	return cfg.Rooms[0].Name()
}

// examples names this program and its first game in the long texts of help.
func examples(name, kind string) kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		return kong.Visit(k.Model, func(v kong.Visitable, next kong.Next) error {
			if node, ok := v.(*kong.Node); ok {
				node.Detail = inExamples(node.Detail, name, kind)
			}
			return next(nil)
		})
	})
}

// environment lets PARLOR_ADDR and so on set serve's flags. Other commands'
// flags say what to do once, and are not read from it.
func environment() kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		for _, node := range k.Model.Children {
			if node.Name != "serve" {
				continue
			}
			for _, flag := range node.Flags {
				name := "PARLOR_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
				flag.Envs, flag.Tag.Envs = []string{name}, []string{name}
			}
		}
		return nil
	})
}

func inExamples(text, name, kind string) string {
	if kind == "" {
		kind = "KIND"
	}
	return strings.NewReplacer("PROGRAM", name, "--room KIND", "--room "+kind).Replace(text)
}

// groups are the headings in serve's help, in the order of the flags.
func groups() kong.Option {
	return kong.ExplicitGroups([]kong.Group{
		{Key: "connect", Title: "Where players connect:"},
		{Key: "players", Title: "Who players are:"},
		{Key: "keep", Title: "What is kept:"},
		{Key: "operate", Title: "Operating it:"},
		{Key: "load", Title: "What the bots do:"},
		{Key: "line", Title: "What the network does:"},
	})
}

// formatHelp adds a flag's default and its environment variable to its text.
func formatHelp(v *kong.Value) string {
	var notes []string
	if d := v.Default; v.HasDefault && d != "" && d != "false" && d != "0" && !strings.Contains(v.Help, "efault") {
		notes = append(notes, "default "+strings.TrimSuffix(d, "0m0s"))
	}
	for _, env := range v.Tag.Envs {
		notes = append(notes, "$"+env)
	}
	if len(notes) == 0 {
		return v.Help
	}
	return v.Help + " (" + strings.Join(notes, ", ") + ")"
}

func goVersion() string { return runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH }
