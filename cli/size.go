package cli

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// size is a number of bytes, written as 512MB, 1GB or unlimited.
type size int64

var sizeType = reflect.TypeFor[size]()

// sizeUnits from the smallest; powers of 1024, as file managers mean them.
func sizeUnits() []string { return []string{"B", "KB", "MB", "GB", "TB"} }

const unlimited = "unlimited"

func parseSize(text string) (size, error) {
	if text == unlimited {
		return -1, nil
	}
	number, scale := strings.ToUpper(text), float64(1)
	for i, unit := range sizeUnits() {
		if rest, ok := strings.CutSuffix(number, unit); ok && (i > 0 || !strings.ContainsAny(rest, "KMGT")) {
			number, scale = rest, float64(int64(1)<<(10*i))
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n > 0 && n*scale < 1<<62) {
		return 0, fmt.Errorf("%q is no size such as 512MB, 1GB or %s", text, unlimited)
	}
	return size(n * scale), nil
}

// String writes a size so that parseSize reads it.
func (s size) String() string {
	if s < 0 {
		return unlimited
	}
	units := sizeUnits()
	i := 0
	for i < len(units)-1 && s != 0 && s%1024 == 0 {
		s /= 1024
		i++
	}
	return strconv.FormatInt(int64(s), 10) + units[i]
}

func decodeSize(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	n, err := parseSize(text)
	if err != nil {
		return err
	}
	target.SetInt(int64(n))
	return nil
}
