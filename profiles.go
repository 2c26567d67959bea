package parlor

import (
	"fmt"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// maxProfile is the longest that a CPU profile or trace may take.
const maxProfile = 5 * time.Minute

// profiles serves what `go tool pprof` and `go tool trace` read, at the usual
// paths. The standard library's handlers are not used: importing them puts them
// on http.DefaultServeMux, which a program around a Server may show to players.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/{$}", listProfiles)
	mux.HandleFunc("GET /debug/pprof/{name}", oneProfile)
	mux.HandleFunc("GET /debug/pprof/profile", func(w http.ResponseWriter, r *http.Request) {
		recordFor(w, r, 30*time.Second, pprof.StopCPUProfile, func(w http.ResponseWriter) error { return pprof.StartCPUProfile(w) })
	})
	mux.HandleFunc("GET /debug/pprof/trace", func(w http.ResponseWriter, r *http.Request) {
		recordFor(w, r, time.Second, trace.Stop, func(w http.ResponseWriter) error { return trace.Start(w) })
	})
	return mux
}

func listProfiles(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "profile?seconds=30  where CPU time goes: go tool pprof -http=: URL")
	fmt.Fprintln(w, "trace?seconds=1  what every goroutine does: curl -o trace.out URL; go tool trace trace.out")
	for _, p := range pprof.Profiles() {
		fmt.Fprintf(w, "%s?debug=1  %d now\n", p.Name(), p.Count())
	}
}

func oneProfile(w http.ResponseWriter, r *http.Request) {
	p := pprof.Lookup(r.PathValue("name"))
	if p == nil {
		writeJSON(w, http.StatusNotFound, problem{Code: "NO_SUCH_CALL", Message: "there is no such profile; /debug/pprof/ lists them"})
		return
	}
	debug, _ := strconv.Atoi(r.FormValue("debug")) // 0, the binary form, when it is no number
	if debug != 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	_ = p.WriteTo(w, debug) // the client may have gone
}

// recordFor writes what start writes until stop is called, after ?seconds= or when
// the client has gone. There is only one such recording at a time in a program.
func recordFor(w http.ResponseWriter, r *http.Request, usual time.Duration, stop func(), start func(http.ResponseWriter) error) {
	length := usual
	if text := r.FormValue("seconds"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0 && seconds <= maxProfile.Seconds()) {
			writeError(w, schema.Errorf(schema.CodeBadOptions, "seconds is a number up to %v, not %q", maxProfile.Seconds(), text))
			return
		}
		length = time.Duration(seconds * float64(time.Second))
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := start(w); err != nil {
		writeError(w, schema.Errorf(schema.CodeRateLimited, "%v; try again when it has ended", err))
		return
	}
	defer stop()
	enough := time.NewTimer(length)
	defer enough.Stop()
	select {
	case <-enough.C:
	case <-r.Context().Done():
	}
}
