package records_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryRuleHasATest reads the rules of docs/records.md and looks for a test
// of each in the repository, in Go or in TypeScript.
func TestEveryRuleHasATest(t *testing.T) {
	page, err := os.ReadFile("../../docs/records.md")
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool)
	inGo := regexp.MustCompile(`func Test(R\d+_\d+)_`)
	inTS := regexp.MustCompile(`['"\x60](R\d+\.\d+)\b`)
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && path != "../.."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		var find *regexp.Regexp
		switch {
		case strings.HasSuffix(path, "_test.go"):
			find = inGo
		case strings.Contains(path, "test") && (strings.HasSuffix(path, ".ts") || strings.HasSuffix(path, ".mjs")):
			find = inTS
		default:
			return nil
		}
		data, err := os.ReadFile(path)
		for _, match := range find.FindAllStringSubmatch(string(data), -1) {
			named[strings.ReplaceAll(match[1], "_", ".")] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var missing, known []string
	for _, match := range regexp.MustCompile(`(?m)^- \*\*(R\d+\.\d+)\*\*`).FindAllStringSubmatch(string(page), -1) {
		known = append(known, match[1])
		if !named[match[1]] {
			missing = append(missing, match[1])
		}
	}
	if len(missing) > 0 {
		t.Errorf("no test names these rules: %v", missing)
	}
	if len(known) != 48 {
		t.Errorf("the page has %d rules", len(known))
	}
	for rule := range named {
		if !slices.Contains(known, rule) {
			t.Errorf("a test names the rule %s, which the page does not have", rule)
		}
	}
}
