package view_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/view"
)

// chromium returns the path of a browser. Without one the test is skipped, unless
// PERSONAGEN_BROWSER names a browser or is "required".
func chromium(t *testing.T) string {
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
	t.Skip("SKIP: no Chromium on the path, so the pages of view are not tested; install it (apt-get install chromium) or name it in PERSONAGEN_BROWSER")
	return ""
}

// tab is a page of a browser that is driven by the DevTools protocol over a pipe.
type tab struct {
	t       *testing.T
	to      io.Writer
	lock    sync.Mutex
	next    int
	answers map[int]chan message
	session string
	console []string
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	SessionID string `json:"sessionId,omitempty"`
}

func browse(t *testing.T) *tab {
	t.Helper()
	path := chromium(t)
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--hide-scrollbars", "--user-data-dir="+profile, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe", "about:blank")
	in, toBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromBrowser, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{in, out}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	out.Close()
	b := &tab{t: t, to: toBrowser, answers: map[int]chan message{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		r := bufio.NewReader(fromBrowser)
		for {
			text, err := r.ReadBytes(0)
			if err != nil {
				return
			}
			var m message
			if json.Unmarshal(text[:len(text)-1], &m) != nil {
				continue
			}
			b.lock.Lock()
			if m.Method == "Runtime.consoleAPICalled" || m.Method == "Runtime.exceptionThrown" || m.Method == "Log.entryAdded" {
				b.console = append(b.console, string(m.Params))
			}
			answer := b.answers[m.ID]
			delete(b.answers, m.ID)
			b.lock.Unlock()
			if answer != nil {
				answer <- m
			}
		}
	}()
	t.Cleanup(func() {
		b.call("Browser.close", nil, nil)
		toBrowser.Close()
		cmd.Wait()
		<-read
		fromBrowser.Close()
		cancel()
		for range 50 { // processes of the browser write their profile for a while after it has ended
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func (b *tab) call(method string, params, result any) {
	b.t.Helper()
	b.lock.Lock()
	b.next++
	answer := make(chan message, 1)
	b.answers[b.next] = answer
	m := map[string]any{"id": b.next, "method": method}
	if params != nil {
		m["params"] = params
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	b.lock.Unlock()
	if err != nil {
		b.t.Errorf("%s: %v", method, err)
		return
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
	case <-time.After(40 * time.Second):
		if method != "Browser.close" {
			b.t.Fatalf("%s: the browser does not answer", method)
		}
	}
}

// eval evaluates an expression, which may be a promise.
func eval[T any](b *tab, expression string) (value T) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value T }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%.200s: %s", expression, out.ExceptionDetails.Exception.Description)
	}
	return out.Result.Value
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	for range 400 {
		if eval[bool](b, "!!("+expression+")") {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("%s is never true, at %s", expression, eval[string](b, "location.href + ' ' + document.body.innerText.slice(0, 500)"))
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": address}, nil)
	time.Sleep(30 * time.Millisecond)
	b.until("document.readyState === 'complete' && location.href !== 'about:blank' && document.getElementById('main')")
}

func (b *tab) size(width int, dark bool) {
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// look measures a page: what is wider than it, letters that are hard to read, fields
// without labels, ids that occur twice, and scrolling parts without a keyboard.
const look = `(() => {
  const faults = [], root = document.documentElement;
  const fault = text => { if (faults.length < 8) faults.push(text); };
  const name = e => e.tagName + "." + (e.getAttribute("class") || e.id) + ": " + (e.textContent || "").trim().slice(0, 30);
  for (const x of document.querySelectorAll("details:not(.menu)")) x.open = true;
  if (root.scrollWidth > root.clientWidth) fault("the page is " + root.scrollWidth + " wide, the screen " + root.clientWidth);
  const light = c => { const v = c.map(x => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const color = text => { const v = (text.match(/[\d.]+/g) || []).map(Number); return v.length === 4 && v[3] === 0 ? null : v.slice(0, 3); };
  for (const e of document.querySelectorAll("p, td, th, dt, dd, li, a, summary, h1, h2, h3, label, button, .badge, .soft, .null, mark, small")) {
    if (!e.textContent.trim() || !e.checkVisibility()) continue;
    let ground = null;
    for (let p = e; p && !ground; p = p.parentElement) ground = color(getComputedStyle(p).backgroundColor);
    const a = light(color(getComputedStyle(e).color)), b = light(ground || [255, 255, 255]), c = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (c < 4.5) fault("contrast " + c.toFixed(2) + ": " + name(e));
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select")) if (!e.labels.length) fault("no label: " + e.name);
  for (const e of document.querySelectorAll(".scroll")) if (e.tabIndex !== 0 || !e.getAttribute("aria-label")) fault("no keyboard: " + name(e));
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) { if (ids.has(e.id)) fault("twice: " + e.id); ids.add(e.id); }
  for (const e of document.querySelectorAll("a[href^='#']")) if (!document.getElementById(e.getAttribute("href").slice(1))) fault("leads nowhere: " + name(e));
  if (document.querySelectorAll("h1").length !== 1) fault("headings of the page: " + document.querySelectorAll("h1").length);
  const fetched = performance.getEntriesByType("resource").filter(e => !e.name.startsWith(location.origin + "/")).map(e => e.name);
  for (const f of fetched) fault("fetched " + f);
  return faults;
})()`

// TestViewInBrowser opens every page in Chromium at the widths of a desktop and a phone,
// light and dark; filters, searches, sorts, opens and goes back with and without the mouse,
// and downloads. If PERSONAGEN_AXE names the file axe.min.js of axe-core, its rules are
// tested too.
func TestViewInBrowser(t *testing.T) {
	chromium(t)
	dir, err := released()
	if err != nil {
		t.Fatal(err)
	}
	d := opened(t, dir)
	v := view.New(d, opened(t, filepath.Join(dir, "csv", "train-00000-of-00001.csv")))
	l, err := view.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- v.Serve(ctx, l) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	b := browse(t)
	home := "http://" + l.Addr().String()
	b.size(1280, false)
	b.open(v.Address(l, ""))
	if at := eval[string](b, "location.href"); at != home+"/" {
		t.Fatalf("the first address stays %s", at)
	}
	if cookie := eval[string](b, "document.cookie"); cookie != "" {
		t.Errorf("scripts see the cookie %s", cookie)
	}
	pages := []string{"/", "/?q=iasi&where=age%3A+%3E%3D40", "/?q=nothing+at+all", "/?where=agee%3A+1", "/person/2?q=hills", "/cross", "/cross?x=sex&y=age", "/cross?x=age&y=zone", "/checks", "/pair?a=1&b=2", "/beside?field=age"}
	axe, err := os.ReadFile(os.Getenv("PERSONAGEN_AXE"))
	if err != nil && os.Getenv("PERSONAGEN_AXE") != "" {
		t.Fatal(err)
	}
	for _, width := range []int{1280, 390} {
		for _, dark := range []bool{false, true} {
			b.size(width, dark)
			for _, page := range pages {
				b.open(home + page)
				at := fmt.Sprintf("%s at %d, dark %t", page, width, dark)
				for _, fault := range eval[[]string](b, look) {
					t.Errorf("%s: %s", at, fault)
				}
				if axe != nil {
					eval[any](b, string(axe)+"; 0")
					for _, fault := range eval[[]string](b, `axe.run().then(r => r.violations.map(x => x.impact + " " + x.id + ": " + x.nodes.length + " " + x.nodes[0].html.slice(0, 120)))`) {
						t.Errorf("%s: axe: %s", at, fault)
					}
				}
			}
		}
	}
	b.size(1280, false)
	b.open(home + "/")
	click := func(selector string) { eval[any](b, "document.querySelector("+quoted(selector)+").click()") }
	number := "document.querySelector('.found strong').textContent"
	all := eval[string](b, number)
	// The script replaces the contents: a mark on the window survives.
	eval[any](b, "window.kept = true")
	eval[any](b, "document.querySelector('#field-zone').open = true")
	click("#field-zone tbody a")
	b.until(number + " !== " + quoted(all))
	if !eval[bool](b, "window.kept && location.search.includes('zone') && document.querySelector('#field-zone').open && document.querySelector('.chips a') !== null") {
		t.Error("a click on a value loads the page as a whole, or closes the field")
	}
	few := eval[string](b, number)
	eval[any](b, "document.querySelector('#q').focus(); document.querySelector('#q').value = 'iasi'; document.querySelector('.search').requestSubmit()")
	b.until("document.querySelector('mark')")
	if !eval[bool](b, "document.querySelector('mark').textContent === 'Iași' && document.activeElement.id === 'q' && window.kept") {
		t.Error("a search marks nothing, or loses the focus")
	}
	eval[any](b, "history.back()")
	b.until(number + " === " + quoted(few))
	click(".chips a")
	b.until(number + " === " + quoted(all))
	click("thead th:last-child a")
	b.until("document.querySelector('th[aria-sort=ascending]')")
	eval[any](b, "document.querySelector('#where').value = 'age: >=60 & <70'; document.querySelector('.condition').requestSubmit()")
	b.until(number + " !== " + quoted(all))
	// By keyboard: open a person, go on, search.
	click("tbody th a")
	b.until("document.querySelector('.facts')")
	first := eval[string](b, "location.pathname")
	eval[any](b, "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'n', bubbles: true}))")
	b.until("location.pathname !== " + quoted(first) + " && document.querySelector('.facts')")
	eval[any](b, "history.back()")
	b.until("location.pathname === " + quoted(first))
	click(".pages a")
	b.until("document.querySelector('#q')")
	eval[any](b, "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))")
	b.until("document.activeElement.id === 'q'")
	if got := eval[string](b, `(async () => { const r = await fetch(document.querySelector(".exports a").href); const t = await r.text(); return r.headers.get("Content-Disposition") + " " + t.split("\n").length; })()`); !strings.HasPrefix(got, "attachment") {
		t.Errorf("the export is %s", got)
	}
	if !eval[bool](b, "window.kept") {
		t.Error("a page was loaded as a whole")
	}
	// Without scripts the same links and forms work.
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.open(home + "/?where=age%3A+%3E%3D60")
	if eval[string](b, number) == all || eval[bool](b, "document.querySelector('#field-zone tbody a') === null") {
		t.Error("the page needs a script")
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, c := range b.console {
		t.Errorf("on the console: %.400s", c)
	}
}

func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}
