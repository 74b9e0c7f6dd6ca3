package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
)

// browser returns the path of Chromium. Without one the test is skipped, unless
// PERSONAGEN_BROWSER names a browser or is "required", to which .ci/run sets it if
// there is one.
func browser(t *testing.T) string {
	t.Helper()
	wanted := os.Getenv("PERSONAGEN_BROWSER")
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}
	if wanted != "" && wanted != "required" {
		names = []string{wanted}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if wanted != "" {
		t.Fatalf("PERSONAGEN_BROWSER=%s, but there is no Chromium", wanted)
	}
	t.Skip("SKIP: no Chromium on the path, so report.html is not tested; install it (apt-get install chromium) or name it in PERSONAGEN_BROWSER")
	return ""
}

// hall is a page that shows reports in frames of given widths and records measurements
// of each.
const hall = `<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><body style="margin:0">%s<pre id="measured"></pre>
<script>
const frames = [...document.querySelectorAll("iframe")], all = [];
const measure = frame => {
  const w = frame.contentWindow, d = w.document, root = d.documentElement, out = {faults: []};
  const fault = text => { if (out.faults.length < 20) out.faults.push(text); };
  const name = e => (e.id || e.getAttribute("class") || e.tagName) + ": " + (e.textContent || "").trim().slice(0, 40);
  for (const x of d.querySelectorAll("details")) x.open = true;
  out.width = root.clientWidth;
  out.sections = [...d.querySelectorAll("main > section")].map(e => e.id);
  out.charts = d.querySelectorAll("svg").length;
  out.fetched = w.performance.getEntriesByType("resource").map(e => e.name);
  if (root.scrollWidth > root.clientWidth) fault("the page is " + root.scrollWidth + " wide");
  const scrolls = e => e.closest(".scroll");
  for (const e of d.body.querySelectorAll("*")) {
    if (e.classList.contains("skip") || scrolls(e)) continue;
    const r = e.getBoundingClientRect();
    if (r.width && (r.right > root.clientWidth + 0.5 || r.left < -0.5)) fault("beyond the page: " + name(e));
  }
  for (const e of d.querySelectorAll(".heat text, .pyramid text, .legend text")) { // letters that are cut off
    const r = e.getBoundingClientRect(), s = e.ownerSVGElement.getBoundingClientRect();
    if (r.left < s.left - 1 || r.right > s.right + 1 || r.top < s.top - 1 || r.bottom > s.bottom + 1) fault("cut off: " + name(e));
  }
  for (const e of d.querySelectorAll("svg[role=img]")) if (!e.querySelector(":scope > title")) fault("no title: " + name(e));
  for (const e of d.querySelectorAll("svg:not([role])")) if (!e.ownerSVGElement && e.getAttribute("aria-hidden") !== "true") fault("neither a picture nor hidden: " + name(e));
  for (const e of d.querySelectorAll("a[href^='#']")) if (!d.getElementById(e.getAttribute("href").slice(1))) fault("leads nowhere: " + name(e));
  for (const e of d.querySelectorAll(".scroll")) if (e.tabIndex !== 0 || !e.getAttribute("aria-label")) fault("no keyboard: " + name(e));
  const light = c => { const v = c.map(x => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const color = text => { const v = (text.match(/[\d.]+/g) || []).map(Number); return v.length === 4 && v[3] === 0 ? null : v.slice(0, 3); };
  const contrast = (e, ink) => {
    let ground = null;
    for (let p = e; p && !ground; p = p.parentElement) ground = color(w.getComputedStyle(p).backgroundColor);
    const a = light(ink), b = light(ground);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  out.contrast = 21;
  for (const e of d.querySelectorAll("p, td, th, dt, dd, li, a, summary, h1, h2, h3, h4, code, .badge, .name, .soft")) {
    if (!e.textContent.trim()) continue;
    const c = contrast(e, color(w.getComputedStyle(e).color));
    if (c < out.contrast) out.contrast = c;
    if (c < 4.5) fault("contrast " + c.toFixed(2) + ": " + name(e));
  }
  for (const e of d.querySelectorAll(".heat g")) { // letters on the colours of a map
    const t = e.querySelector("text"), r = e.querySelector("rect");
    const a = light(color(w.getComputedStyle(t).fill)), b = light(color(w.getComputedStyle(r).fill));
    const c = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (c < 4.5) fault("contrast " + c.toFixed(2) + " in a map: " + name(e));
  }
  return out;
};
let left = frames.length;
frames.forEach((frame, i) => {
  frame.onload = () => {
    all[i] = measure(frame);
    if (--left == 0) document.getElementById("measured").textContent = JSON.stringify(all);
  };
  frame.src = frame.dataset.src;
});
</script>`

// measured are the measurements that hall records.
type measured struct {
	Width    int
	Sections []string
	Charts   int
	Fetched  []string
	Faults   []string
	Contrast float64
}

var preText = regexp.MustCompile(`(?s)<pre id="measured">(.*?)</pre>`)

// TestReportInBrowser opens the reports of all specs, with and without roles, joints
// and texts, in Chromium at the widths of a phone and a desktop, light and dark.
// Nothing may overflow or be cut off, text must be legible, nothing may be fetched and
// the console must stay empty.
func TestReportInBrowser(t *testing.T) {
	chromium := browser(t)
	dir := t.TempDir()
	env := func(string) string { return "" }
	specs, err := filepath.Glob(filepath.Join("..", "..", "specs", "*.cue"))
	if err != nil || len(specs) < 2 {
		t.Fatal(specs, err)
	}
	specs = append(specs, filepath.Join("testdata", "harbour", "harbour.cue"))
	sections := map[string]string{}
	for _, spec := range specs {
		name := strings.TrimSuffix(filepath.Base(spec), ".cue")
		var out, errs bytes.Buffer
		if code := Main([]string{"run", spec, "-n", "500", "--format", "csv", "-q", "-o", filepath.Join(dir, name), "--cache", filepath.Join(dir, "cache")},
			strings.NewReader(""), &out, &errs, env); code != exitOK && code != exitChecks {
			t.Fatalf("%s: exit code %d\n%s", name, code, errs.String())
		}
		sections[name] = sectionsOf(t, filepath.Join(dir, name, release.StatsFile))
	}
	if all := fmt.Sprint(sections); !strings.Contains(all, "pyramid") || !strings.Contains(all, "texts") || !strings.Contains(all, "summary margins") {
		t.Fatalf("no report has all sections, or none lacks one: %v", sections)
	}
	type view struct {
		name  string
		width int
	}
	schemes := map[string][]view{}
	for name := range sections {
		schemes["light"] = append(schemes["light"], view{name, 375}, view{name, 1280})
		schemes["dark"] = append(schemes["dark"], view{name, 1280})
	}
	for scheme, views := range schemes {
		slices.SortFunc(views, func(x, y view) int { return cmp.Or(cmp.Compare(x.name, y.name), x.width-y.width) })
		t.Run(scheme, func(t *testing.T) {
			frames := ""
			for _, v := range views {
				frames += fmt.Sprintf(`<iframe data-src="/%s/report.html" style="width:%dpx;height:900px;border:0"></iframe>`, v.name, v.width)
			}
			var mu sync.Mutex
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked = append(asked, r.URL.Path)
				mu.Unlock()
				if r.URL.Path == "/" {
					w.Header().Set("Content-Type", "text/html; charset=utf-8")
					fmt.Fprintf(w, hall, frames)
					return
				}
				http.ServeFile(w, r, filepath.Join(dir, filepath.FromSlash(r.URL.Path)))
			}))
			defer server.Close()
			found := look(t, chromium, server.URL, scheme == "dark")
			if len(found) != len(views) {
				t.Fatalf("got measurements of %d reports, want %d", len(found), len(views))
			}
			for i, v := range views {
				got := found[i]
				at := fmt.Sprintf("%s at %d pixels", v.name, v.width)
				if got.Width != v.width || got.Charts < 20 {
					t.Errorf("%s: %d wide, %d charts", at, got.Width, got.Charts)
				}
				if s := strings.Join(got.Sections, " "); s != sections[v.name] {
					t.Errorf("%s: sections %s, want %s", at, s, sections[v.name])
				}
				for _, f := range got.Faults {
					t.Errorf("%s: %s", at, f)
				}
				if len(got.Fetched) > 0 {
					t.Errorf("%s: the page fetched %v", at, got.Fetched)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for _, path := range asked { // a report shown twice may be asked for once
				if name, ok := strings.CutSuffix(strings.TrimPrefix(path, "/"), "/report.html"); path != "/" && (!ok || sections[name] == "") {
					t.Errorf("the browser asked for %s", path)
				}
			}
		})
	}
}

// sectionsOf lists the sections of the report of some statistics.
func sectionsOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s report.Stats
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	list := "summary"
	if s.Pyramid != nil {
		list += " pyramid"
	}
	if s.Places != nil {
		list += " places"
	}
	if slices.ContainsFunc(s.Fields, func(f report.Field) bool { return f.Records != nil }) {
		list += " records"
	}
	list += " margins joints"
	if s.Texts != nil {
		list += " texts"
	}
	if s.Scores != nil {
		list += " scores"
	}
	return list + " gallery sources checks made timings"
}

// look opens a page in Chromium without access to other hosts.
func look(t *testing.T, chromium, page string, dark bool) []measured {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	args := []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
		"--user-data-dir=" + t.TempDir(), "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--enable-logging=stderr", "--window-size=1400,4000", "--virtual-time-budget=20000", "--dump-dom",
	}
	if dark {
		args = append(args, "--blink-settings=preferredColorScheme=0")
	}
	cmd := exec.CommandContext(ctx, chromium, append(args, page)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	for line := range strings.Lines(errs.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("on the console: %s", line)
		}
	}
	match := preText.FindSubmatch(out.Bytes())
	if match == nil {
		t.Fatalf("nothing was measured:\n%s\n%s", out.String(), errs.String())
	}
	var m []measured
	text := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(string(match[1]))
	if err := json.NewDecoder(io.LimitReader(strings.NewReader(text), 1<<20)).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}
