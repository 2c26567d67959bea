package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// operator is how a command reaches a running server as its operator, or as a
// user on the players' address.
type operator struct {
	URL   string `name:"url" default:"${admin_url}" placeholder:"URL" help:"The operators' address of the server, or the players' one: then the token is a user's."`
	Token string `env:"PARLOR_ADMIN_TOKEN" placeholder:"TOKEN" help:"Bearer token for that address. A server in development mode needs none."`
}

// request makes one call, and returns the answer if it is one of success.
func (o *operator) request(ctx context.Context, program, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(o.URL, "/")+path, body)
	if err != nil {
		return nil, fmt.Errorf("--url %q is no address such as http://127.0.0.1:7778: %w", o.URL, err)
	}
	if o.Token != "" {
		req.Header.Set("Authorization", "Bearer "+o.Token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(req)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("no server listens at %s: start one with %q, or name another with --url", o.URL, program+" serve")
	case err != nil:
		return nil, fmt.Errorf("failed to reach the server: %w", err)
	case response.StatusCode < http.StatusBadRequest:
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, o.refusal(response)
}

// refusal is why the server did not do it.
func (o *operator) refusal(response *http.Response) error {
	var problem struct{ Code, Message, Field string }
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // what came says enough
	if json.Unmarshal(text, &problem) != nil || problem.Code == "" {
		return fmt.Errorf("%s answers %s: is it a Parlor server, and the right address of it?", o.URL, response.Status)
	}
	if response.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("%s: %s (--token, or PARLOR_ADMIN_TOKEN in the environment)", problem.Code, problem.Message)
	}
	if problem.Field != "" {
		return fmt.Errorf("%s: %s: %s", problem.Code, problem.Field, problem.Message)
	}
	return fmt.Errorf("%s: %s", problem.Code, problem.Message)
}

// answer makes one call and reads its JSON.
func (o *operator) answer(ctx context.Context, program, method, path string, body io.Reader, into any) error {
	response, err := o.request(ctx, program, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("failed to read the server's answer: %w", err)
	}
	return nil
}

// roomPath is the path of a room's calls.
func roomPath(room string) (string, error) {
	kind, name, ok := strings.Cut(room, "/")
	if !ok || kind == "" || name == "" {
		return "", fmt.Errorf("%q names no room: write KIND/NAME, such as tasks/main", room)
	}
	return "/v1/rooms/" + url.PathEscape(kind) + "/" + url.PathEscape(name), nil
}
