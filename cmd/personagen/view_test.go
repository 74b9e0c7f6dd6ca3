package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/release"
)

// TestViewServes starts the command as a process: it prints an address that works once,
// refuses other requests, and ends with exit code 0 when it is interrupted.
func TestViewServes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted")
	}
	path, err := exec.LookPath("personagen")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spec := filepath.Join(dir, "isle.cue")
	if err := os.WriteFile(spec, []byte(`name: "isle", population: {size: 50, seed: 1}, fields: {id: kind: "id", age: {kind: "integer", min: 18, max: 80}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if text, err := exec.CommandContext(t.Context(), path, "run", spec, "-o", out, "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if _, err := release.ReadManifest(out); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "view", out, "--no-open", "--where", "age: >=40")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(line)
	if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+/\?token=[\w-]{43}&where=age%3A\+%3E%3D40$`).MatchString(address) {
		t.Fatalf("the address is %q", address)
	}
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i, want := range []int{http.StatusSeeOther, http.StatusForbidden} {
		r, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("request %d: %s, want %d", i+1, r.Status, want)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}
