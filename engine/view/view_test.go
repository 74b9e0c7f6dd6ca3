package view_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/run"
	"github.com/personagen/personagen/engine/spec/load"
	"github.com/personagen/personagen/engine/view"
)

var options = view.Options{ParseConditions: load.ParseConditions}

var folder string // of the releases of the tests

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "view-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// released makes the release of testdata/coast once for all tests. One of its checks fails.
var released = sync.OnceValues(func() (string, error) {
	out := filepath.Join(folder, "coast")
	_, err := run.Run(context.Background(), run.Config{Spec: filepath.Join("testdata", "coast", "coast.cue"), Out: out})
	if !errors.Is(err, run.ErrChecks) {
		return out, fmt.Errorf("the checks should fail: %v", err)
	}
	return out, nil
})

// person is a line of the release.
type person struct {
	ID, Name, Sex, Zone, Story string
	Age                        int
	Guild                      *string
	Income                     *float64
	Weight                     float64
	Plans                      []string
}

// coast returns a visit of the release, its folder and its persons.
func coast(t testing.TB) (*visit, string, []person) {
	t.Helper()
	dir, err := released()
	if err != nil {
		t.Fatal(err)
	}
	return enter(t, opened(t, dir), nil), dir, lines(t, filepath.Join(dir, "jsonl", "train-00000-of-00001.jsonl"))
}

func opened(t testing.TB, path string) *view.Data {
	t.Helper()
	d, err := view.Load(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func lines(t testing.TB, path string) (all []person) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, data)
}

func decode(t testing.TB, data []byte) (all []person) {
	t.Helper()
	s := bufio.NewScanner(bytes.NewReader(data))
	for s.Scan() {
		var p person
		if err := json.Unmarshal(s.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func listener(t testing.TB) net.Listener {
	t.Helper()
	l, err := view.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// page gets a page that must be there.
func (v *visit) page(t testing.TB, target string) string {
	t.Helper()
	target, _, _ = strings.Cut(target, "#")
	r := v.get(target)
	if r.Code != http.StatusOK {
		t.Fatalf("%s: %d\n%s", target, r.Code, r.Body)
	}
	return r.Body.String()
}

// where is the address of the persons who meet conditions.
func where(path string, conditions ...string) string {
	return path + "?" + url.Values{"where": conditions}.Encode()
}

// routes are all pages and files, and addresses that there are not.
var routes = []string{"/", "/person/1", "/cross?x=sex&y=zone", "/checks", "/pair?a=1&b=2", "/beside", "/export/jsonl", "/export/csv", "/export/parquet",
	"/assets/style.css", "/assets/view.js", "/assets/icon.svg", "/assets/view.css", "/none", "/person/0", "/person/x", "/export/none", "/?q=iasi", "/favicon.ico"}

// TestRefusals asks for every route without the cookie, with a wrong one, under another
// host and from another site.
func TestRefusals(t *testing.T) {
	v, _, _ := coast(t)
	patterns := map[string]bool{}
	for _, p := range v.viewer.Routes() {
		patterns[strings.SplitN(strings.TrimPrefix(p, "/"), "/", 2)[0]] = true
	}
	for _, route := range routes {
		delete(patterns, strings.SplitN(strings.TrimPrefix(strings.SplitN(route, "?", 2)[0], "/"), "/", 2)[0])
	}
	delete(patterns, "{$}")
	if len(patterns) > 0 {
		t.Errorf("routes that are not tested: %v", patterns)
	}
	for _, route := range routes {
		for name, spoil := range map[string]func(r *http.Request){
			"no cookie":       func(r *http.Request) { r.Header.Del("Cookie") },
			"wrong cookie":    func(r *http.Request) { r.Header.Set("Cookie", v.cookie.Name+"=AAAA") },
			"cookie of other": func(r *http.Request) { r.Header.Set("Cookie", "other="+v.cookie.Value) },
			"wrong token":     func(r *http.Request) { r.Header.Del("Cookie"); r.URL.RawQuery = "token=AAAA" },
			"empty token":     func(r *http.Request) { r.Header.Del("Cookie"); r.URL.RawQuery = "token=" },
			"used token":      func(r *http.Request) { r.Header.Del("Cookie"); r.URL.RawQuery = v.first },
			"foreign host":    func(r *http.Request) { r.Host = "evil.example" },
			"rebound host":    func(r *http.Request) { r.Host = fmt.Sprintf("evil.example:%d", port) },
			"other port":      func(r *http.Request) { r.Host = "127.0.0.1:1" },
			"no port":         func(r *http.Request) { r.Host = "127.0.0.1" },
			"no host":         func(r *http.Request) { r.Host = "" },
			"foreign origin":  func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
			"null origin":     func(r *http.Request) { r.Header.Set("Origin", "null") },
			"secure origin":   func(r *http.Request) { r.Header.Set("Origin", "https://"+r.Host) },
			"other site":      func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"other server":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
			"post":            func(r *http.Request) { r.Method = http.MethodPost; r.Header.Set("Origin", "http://evil.example") },
			"own post":        func(r *http.Request) { r.Method = http.MethodPost },
		} {
			r := request(http.MethodGet, route)
			r.AddCookie(v.cookie)
			spoil(r)
			w := httptest.NewRecorder()
			v.handler.ServeHTTP(w, r)
			want := http.StatusForbidden
			if name == "own post" {
				want = http.StatusMethodNotAllowed
			}
			if w.Code != want || w.Body.Len() > 300 || w.Result().Cookies() != nil && len(w.Result().Cookies()) > 0 {
				t.Errorf("%s with %s: %d, %d bytes, want %d", route, name, w.Code, w.Body.Len(), want)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s with %s: policy %q", route, name, csp)
			}
		}
	}
	if w := v.get("/?q=" + strings.Repeat("a", 40_000)); w.Code != http.StatusRequestURITooLong {
		t.Errorf("a long address gives %d", w.Code)
	}
	r := request(http.MethodGet, "/")
	r.Host = fmt.Sprintf("localhost:%d", port)
	r.Header.Set("Origin", "http://"+r.Host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(v.cookie)
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("localhost gives %d", w.Code)
	}
}

// TestToken exchanges the token on a real connection: it works once, leaves the address,
// and gives a cookie that scripts and other sites cannot use.
func TestToken(t *testing.T) {
	dir, err := released()
	if err != nil {
		t.Fatal(err)
	}
	v := view.New(opened(t, dir), nil)
	l, err := view.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Serve(ctx, l) }()
	address := v.Address(l, "where=age%3A+%3E%3D60")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(address string, cookies []*http.Cookie) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cookies {
			r.AddCookie(c)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	if r := get("http://"+l.Addr().String()+"/", nil); r.StatusCode != http.StatusForbidden {
		t.Errorf("without a token: %s", r.Status)
	}
	first := get(address, nil)
	cookies := first.Cookies()
	if to := first.Header.Get("Location"); first.StatusCode != http.StatusSeeOther || to != "/?where=age%3A+%3E%3D60" || len(cookies) != 1 {
		t.Fatalf("first address: %s to %q with %v", first.Status, to, cookies)
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || len(c.Value) < 43 || strings.Contains(address, c.Value) || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	page := get("http://"+l.Addr().String()+first.Header.Get("Location"), cookies)
	body, _ := io.ReadAll(page.Body)
	if page.StatusCode != http.StatusOK || strings.Contains(string(body), "token") {
		t.Errorf("page: %s", page.Status)
	}
	if r := get(address, nil); r.StatusCode != http.StatusForbidden {
		t.Errorf("the token works again: %s", r.Status)
	}
	if r := get(address, cookies); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the first address again, with the cookie: %s", r.Status)
	}
	if host, _, _ := net.SplitHostPort(l.Addr().String()); host != "127.0.0.1" {
		t.Errorf("listens on %s", host)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the server does not end")
	}
}

var found = regexp.MustCompile(`<strong>([\d,]+)</strong>`)

// count reads the number of persons that a page has selected.
func count(t testing.TB, page string) int {
	t.Helper()
	m := found.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no number of persons on the page\n%s", page)
	}
	n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func deref[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

// TestSelections compares the number of persons of conditions and searches with counts of
// the lines of the release, for Parquet, JSONL and CSV files, with and without a release.
func TestSelections(t *testing.T) {
	_, dir, all := coast(t)
	paths := []string{dir, filepath.Join(dir, "data"), filepath.Join(dir, "data", "train-00000-of-00001.parquet"),
		filepath.Join(dir, "jsonl", "train-00000-of-00001.jsonl"), filepath.Join(dir, "csv", "train-00000-of-00001.csv")}
	for _, path := range paths {
		v := enter(t, opened(t, path), nil)
		for _, c := range []struct {
			address string
			want    func(p person) bool
		}{
			{"/", func(person) bool { return true }},
			{where("/", `age: >=60`), func(p person) bool { return p.Age >= 60 }},
			{where("/", `age: >=60 & <70, sex: "woman"`), func(p person) bool { return p.Age >= 60 && p.Age < 70 && p.Sex == "woman" }},
			{where("/", `age: >=60`, `zone: "hills" | "island"`), func(p person) bool { return p.Age >= 60 && p.Zone != `shore "north"` }},
			{where("/", `zone: "shore \"north\""`), func(p person) bool { return p.Zone == `shore "north"` }},
			{where("/", `guild: null`), func(p person) bool { return p.Guild == nil }},
			{where("/", `guild: !="fishing"`), func(p person) bool { return p.Guild != nil && *p.Guild != "fishing" }},
			{where("/", `income: >3000.5`), func(p person) bool { return deref(p.Income) > 3000.5 }},
			{where("/", `age: 18 | 20 | >=75`), func(p person) bool { return p.Age == 18 || p.Age == 20 || p.Age >= 75 }},
			{where("/", `name: =~"^Ana"`), func(p person) bool { return strings.HasPrefix(p.Name, "Ana") }},
			{where("/", `age: (>=20 & <30) | (>=50 & <60)`), func(p person) bool { return p.Age/10 == 2 || p.Age/10 == 5 }},
			{"/?q=iasi", func(p person) bool { return strings.Contains(p.Story, "Iași") }},
			{"/?q=IA%C8%98I+sea", func(p person) bool { return strings.Contains(p.Story, "Iași") }},
			{"/?q=goat", func(p person) bool { return slices.Contains(p.Plans, "buy a goat") }},
			{"/?q=%22one+boat%22+tapu", func(p person) bool { return strings.Contains(p.Story, "one boat") }},
			{where("/", `age: <30`) + "&q=sail", func(p person) bool { return p.Age < 30 && slices.Contains(p.Plans, "learn to sail") }},
			{"/?q=nothing+of+this", func(person) bool { return false }},
			{"/?rows=3,1,2", nil},
		} {
			want := 3
			if c.want != nil {
				want = 0
				for _, p := range all {
					if c.want(p) {
						want++
					}
				}
			}
			page := v.page(t, c.address)
			if got := count(t, page); got != want || strings.Contains(page, `class="fault"`) {
				t.Errorf("%s: %s selects %d persons, want %d", path, c.address, got, want)
			}
		}
	}
}

// TestWrongAddresses opens pages with states that cannot be used: each fault is told, and
// the page shows the rest.
func TestWrongAddresses(t *testing.T) {
	v, _, all := coast(t)
	for address, want := range map[string]string{
		where("/", "agee: >=65"):                 "did you mean &#34;age&#34;",
		where("/", "age >=65"):                   "not a condition",
		where("/", "secret: \"young\""):          "hidden",
		where("/", "story: \"a\""):               "search for words",
		where("/", "age: {a: 1}"):                "no value of field",
		"/?rows=0":                               "not the number of a person",
		"/?rows=99999":                           "not the number of a person",
		"/?sort=nothing":                         "no field is called",
		"/?check=none":                           "There is no check",
		"/?q=" + strings.Repeat("a+", 60):        "at most 32 words",
		"/?q=" + strings.Repeat("a", 600):        "more than 500 letters",
		"/cross?x=nothing&y=sex":                 "no field is called",
		"/pair?a=1&b=7000":                       "not the number of a person",
		where("/", strings.Repeat("a", 1<<14+9)): "at most 16384",
	} {
		page := v.page(t, address)
		if !strings.Contains(page, `role="alert"`) || !strings.Contains(page, want) {
			t.Errorf("%.60s does not say %q", address, want)
		}
		if strings.HasPrefix(address, "/?") && count(t, page) != len(all) {
			t.Errorf("%.60s selects %d persons", address, count(t, page))
		}
	}
	for _, address := range []string{"/person/0", "/person/601", "/person/-1", "/person/x", "/none", "/export/none", "/assets/../view.go", "/assets/view.css"} {
		if w := v.get(address); w.Code != http.StatusNotFound && w.Code != http.StatusMovedPermanently && w.Code != http.StatusTemporaryRedirect {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	if w := v.get(where("/export/jsonl", "agee: >=65")); w.Code == http.StatusOK {
		t.Error("a selection that cannot be read is exported")
	}
}

// TestFacets compares the shares by weight and the targets of a field with the lines and
// with the spec, and follows the link of a value.
func TestFacets(t *testing.T) {
	v, _, all := coast(t)
	facet := func(page, field string) string {
		_, after, ok := strings.Cut(page, `id="field-`+field+`"`)
		if !ok {
			t.Fatalf("no facet of %s", field)
		}
		facet, _, _ := strings.Cut(after, "</details>")
		return facet
	}
	values := regexp.MustCompile(`(?s)<tr[^>]*><th scope="row"><a href="([^"]*)"[^>]*>(.*?)</a>.*?<td class="n">([\d,]+)</td><td class="n">([\d.]+).*?</td>(?:<td class="n soft">([\d.]+))?`)
	zone := facet(v.page(t, where("/", `sex: "woman"`)), "zone")
	rows := values.FindAllStringSubmatch(zone, -1)
	if len(rows) != 3 {
		t.Fatalf("values of zone: %q\n%s", rows, zone)
	}
	for i, want := range []struct {
		label  string
		target float64
	}{{"island", 20}, {`shore &#34;north&#34;`, 40}, {"hills", 40}} {
		n, weight, total := 0, 0.0, 0.0
		label := strings.ReplaceAll(want.label, "&#34;", `"`)
		for _, p := range all {
			if p.Sex != "woman" {
				continue
			}
			total += p.Weight
			if p.Zone == label {
				n++
				weight += p.Weight
			}
		}
		row := rows[i]
		share, _ := strconv.ParseFloat(row[4], 64)
		target, _ := strconv.ParseFloat(row[5], 64)
		if row[2] != want.label || row[3] != strconv.Itoa(n) || math.Abs(share-100*weight/total) > 0.06 || math.Abs(target-want.target) > 0.06 {
			t.Errorf("zone %s: %q; want %d persons, %.1f %%, target %.1f %%", label, row[2:], n, 100*weight/total, want.target)
		}
		next := v.page(t, html.UnescapeString(row[1]))
		if count(t, next) != n {
			t.Errorf("the link of %s selects %d persons, want %d", label, count(t, next), n)
		}
		// The other values keep their counts, so that they can be added.
		if again := values.FindAllStringSubmatch(facet(next, "zone"), -1); len(again) != 3 || again[(i+1)%3][3] != rows[(i+1)%3][3] || again[(i+1)%3][5] != rows[(i+1)%3][5] {
			t.Errorf("after a click on %s: %q", label, again)
		}
	}
	both := html.UnescapeString(values.FindAllStringSubmatch(facet(v.page(t, where("/", `zone: "island"`)), "zone"), -1)[2][1])
	if !strings.Contains(both, url.QueryEscape(`zone: "island" | "hills"`)) {
		t.Errorf("a second value gives %s", both)
	}
	page := v.page(t, "/")
	for _, never := range []string{"secret", "<b>tests", "<i>", `field-id"`} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	// The intervals of a number are those of its condition.
	for _, row := range values.FindAllStringSubmatch(facet(page, "age"), -1) {
		if got := count(t, v.page(t, html.UnescapeString(row[1]))); strconv.Itoa(got) != row[3] {
			t.Errorf("age %s has %s persons, its link selects %d", row[2], row[3], got)
		}
	}
}

// TestPerson reads the page of a person.
func TestPerson(t *testing.T) {
	v, _, all := coast(t)
	at := slices.IndexFunc(all, func(p person) bool { return strings.Contains(p.Story, "hills") && p.Guild != nil })
	page := v.page(t, fmt.Sprintf("/person/%d?q=hills", at+1))
	p := all[at]
	for _, want := range []string{p.ID, fmt.Sprint(p.Age), "<mark>hills</mark>", "written by <strong>offline</strong>", "demands not met", "rule no_hills", `lang="en"`, p.Plans[0], `rel="next"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of person %d has no %q", at+1, want)
		}
	}
	if strings.Contains(page, "secret") || strings.Contains(page, "<i>") {
		t.Error("the page shows a hidden field, or markup of a value")
	}
	clean := slices.IndexFunc(all, func(p person) bool { return strings.HasPrefix(p.Story, "Bogdan") && strings.Contains(p.Story, "sea") })
	if page := v.page(t, fmt.Sprintf("/person/%d", clean+1)); !strings.Contains(page, "meets all") {
		t.Errorf("the story of person %d breaks a rule", clean+1)
	}
	// Previous and next stay in the selection and its order.
	first := v.page(t, "/?sort=-age")
	link := regexp.MustCompile(`<th scope="row"><a href="(/person/\d+\?[^"]*)"`).FindAllStringSubmatch(first, 2)
	next := regexp.MustCompile(`rel="next" href="([^"]*)"`).FindStringSubmatch(v.page(t, html.UnescapeString(link[0][1])))
	if next == nil || next[1] != link[1][1] {
		t.Errorf("after %v is %v", link, next)
	}
}

// TestChecks follows the way from checks to their persons.
func TestChecks(t *testing.T) {
	v, _, all := coast(t)
	page := v.page(t, "/checks")
	rule := regexp.MustCompile(`(?s)rule\.no_hills.*?<a href="(/\?check=[^"]*)"`).FindStringSubmatch(page)
	if rule == nil {
		t.Fatal("the rule has no persons")
	}
	want := 0
	for _, p := range all {
		if strings.Contains(p.Story, "hills") {
			want++
		}
	}
	if got := count(t, v.page(t, html.UnescapeString(rule[1]))); got != want || want < 100 {
		t.Errorf("%d persons break the rule, want %d", got, want)
	}
	if failed := v.page(t, "/checks?status=fail"); !strings.Contains(failed, "text.story") || strings.Contains(failed, "rule.no_hills") {
		t.Error("the failed checks are not those")
	}
	for _, address := range regexp.MustCompile(`(?s)<td class="ways">.*?</td>`).FindAllString(page, -1) {
		for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(address, -1) {
			if next := v.page(t, html.UnescapeString(link[1])); strings.Contains(next, `class="fault"`) {
				t.Errorf("%s has a fault", link[1])
			}
		}
	}
	limit := regexp.MustCompile(`(?s)check\.few_old.*?<a href="([^"]*)"`).FindStringSubmatch(page)
	want = 0
	for _, p := range all {
		want += map[bool]int{true: 1}[p.Age >= 60 && p.Sex == "woman"]
	}
	if limit == nil || count(t, v.page(t, html.UnescapeString(limit[1]))) != want {
		t.Errorf("the persons of the limit: %v, want %d", limit, want)
	}
	for _, p := range []string{"table.people", "margin.zone", "margin.guild"} {
		if cell := regexp.MustCompile(`(?s)` + regexp.QuoteMeta(p) + `<.*?<a href="([^"]*)">Those of the cell`).FindStringSubmatch(page); cell == nil {
			t.Errorf("%s leads to no cell", p)
		}
	}
}

// TestCross compares a cross-tab with the lines.
func TestCross(t *testing.T) {
	v, _, all := coast(t)
	page := v.page(t, "/cross?x=sex&y=zone")
	for _, sex := range []string{"woman", "man"} {
		for _, zone := range []string{"island", "hills", `shore "north"`} {
			weight := 0.0
			for _, p := range all {
				if p.Sex == sex && p.Zone == zone {
					weight += p.Weight
				}
			}
			title := fmt.Sprintf(`%s × %s: %.1f persons`, sex, strings.ReplaceAll(zone, `"`, "&#34;"), weight)
			if !strings.Contains(page, strings.ReplaceAll(title, ".0 persons", " persons")) || !strings.Contains(page, "; target ") {
				t.Errorf("the cross-tab has no %s", title)
			}
		}
	}
	// The target of a group follows from that of the field that it groups.
	if page := v.page(t, "/cross?x=sex&y=shore"); !strings.Contains(page, "woman × sea: ") || !strings.Contains(page, "; target 180,") {
		t.Error("the cross-tab with a group has no targets")
	}
	for _, address := range []string{"/cross", "/cross?x=income&y=age", "/cross?x=guild&y=income", "/cross?x=sex&y=sex", "/cross?x=name&y=id", where("/cross", "age: >=60") + "&x=sex&y=zone"} {
		if page := v.page(t, address); strings.Contains(page, `class="fault"`) {
			t.Errorf("%s has a fault", address)
		}
	}
}

// TestExports reads what was exported again, in every format.
func TestExports(t *testing.T) {
	v, dir, all := coast(t)
	var want []person
	for _, p := range all {
		if p.Age >= 60 && p.Sex == "woman" {
			want = append(want, p)
		}
	}
	for _, format := range dataset.FormatNames() {
		w := v.get(where("/export/"+format, "age: >=60", `sex: "woman"`))
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s: %d %s", format, w.Code, w.Body)
		}
		if format == "jsonl" {
			if got := decode(t, w.Body.Bytes()); fmt.Sprint(jsonOf(got)) != fmt.Sprint(jsonOf(want)) {
				t.Errorf("%d persons are exported, want %d", len(got), len(want))
			}
		}
		f, _ := dataset.FormatOf(format)
		path := filepath.Join(t.TempDir(), "part"+f.Extension)
		if err := os.WriteFile(path, w.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		again := enter(t, opened(t, path), nil)
		if got := count(t, again.page(t, "/?q=goat")); got == 0 || count(t, again.page(t, "/")) != len(want) {
			t.Errorf("%s: the exported file has %d persons, want %d", format, count(t, again.page(t, "/")), len(want))
		}
	}
	// The whole selection is the file.
	original, err := os.ReadFile(filepath.Join(dir, "jsonl", "train-00000-of-00001.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if w := v.get("/export/jsonl"); !bytes.Equal(w.Body.Bytes(), original) {
		t.Error("the export of everybody is another file")
	}
}

func jsonOf(all []person) string {
	text, _ := json.Marshal(all)
	return string(text)
}

// TestBeside compares a release with a file of a part of it.
func TestBeside(t *testing.T) {
	_, dir, _ := coast(t)
	other := opened(t, filepath.Join(dir, "csv", "train-00000-of-00001.csv"))
	v := enter(t, opened(t, dir), other)
	for _, field := range []string{"", "zone", "age", "income", "given_name"} {
		page := v.page(t, "/beside?field="+field)
		if !strings.Contains(page, `aria-label="Shares"`) || strings.Contains(page, `class="fault"`) {
			t.Errorf("field %q: no comparison", field)
		}
	}
	if page := v.page(t, where("/beside", "age: >=60")+"&field=sex"); !strings.Contains(page, "total variation") {
		t.Error("no comparison of a part")
	}
	if page := enter(t, other, nil).page(t, "/beside"); !strings.Contains(page, "--beside") {
		t.Error("the page does not say how to compare")
	}
}

// TestPage writes the page that can be shared.
func TestPage(t *testing.T) {
	_, dir, all := coast(t)
	v := view.New(opened(t, dir), nil)
	path := filepath.Join(t.TempDir(), "some.html")
	n, err := v.WritePage(t.Context(), path, url.Values{"where": {"age: >=70"}, "q": {"iasi"}})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, p := range all {
		if p.Age >= 70 && strings.Contains(p.Story, "Iași") {
			want++
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	if n != want || strings.Count(page, `<section class="one"`) != want || !strings.Contains(page, "<mark>Iași</mark>") {
		t.Errorf("the page has %d persons, want %d", n, want)
	}
	if found := regexp.MustCompile(`(?i)<script|<link|unsafe|url\(|https?://|<i>|secret`).FindString(page); found != "" {
		t.Errorf("the page has %s", found)
	}
	if _, err := v.WritePage(t.Context(), path, url.Values{"where": {"age >=70"}}); !errors.Is(err, view.ErrUsage) {
		t.Errorf("a wrong condition gives %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, data) {
		t.Error("a failure changes the page")
	}
}

// TestDamagedReleases opens what is not a release any more.
func TestDamagedReleases(t *testing.T) {
	_, dir, _ := coast(t)
	for name, spoil := range map[string]func(dir string) error{
		"nothing": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "data")) },
		"short file": func(dir string) error {
			return os.Truncate(filepath.Join(dir, "data", "train-00000-of-00001.parquet"), 5000)
		},
		"no manifest":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "manifest.json"), []byte("{"), 0o600) },
		"changed plan": func(dir string) error { return os.WriteFile(filepath.Join(dir, "plan.json"), []byte("{}"), 0o600) },
		"no stats":     func(dir string) error { return os.Remove(filepath.Join(dir, "stats.json")) },
		"strange stats": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "stats.json"), []byte(`{"checks": 7}`), 0o600)
		},
		"stats of others": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "stats.json"), []byte(`{"checks": {"outcomes": [{"id": "x", "rows": [-5, 9999999], "table": {"persons_cell": "zone"}, "status": "fail"}]}}`), 0o600)
		},
	} {
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := spoil(copied); err != nil {
			t.Fatal(err)
		}
		d, err := view.Load(t.Context(), copied, options)
		if strings.Contains(name, "stats") {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			v := enter(t, d, nil)
			for _, address := range []string{"/", "/checks", "/person/7", "/?check=x"} {
				v.page(t, address)
			}
			if name != "stats of others" && len(d.Notes) != 1 {
				t.Errorf("%s: notes %q", name, d.Notes)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), copied) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	// A file that is replaced while it is shown gives a page that says so.
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	v := enter(t, opened(t, copied), nil)
	if err := os.RemoveAll(filepath.Join(copied, "data")); err != nil {
		t.Fatal(err)
	}
	if w := v.get("/person/3"); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "could not be made") {
		t.Errorf("a removed file gives %d", w.Code)
	}
	v.page(t, "/")
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "README.md"), filepath.Dir(folder)} {
		if _, err := view.Load(t.Context(), path, options); err == nil {
			t.Errorf("%s can be viewed", path)
		}
	}
}

// FuzzAddress opens the table and the cross-tab with any address: no panic, and no page
// that a value could break.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"where=age: >=60", `where=zone: "hills" | "island"&q=iasi`, "sort=-age&page=9", "rows=1,2,x", "cols=age,sex&open=zone", "x=age&y=income", `where=a"b: 1`, "q=%22a", "check=rule.no_hills", "where=age: {}&where=]"} {
		f.Add(seed)
	}
	var once sync.Once
	var v *visit
	f.Fuzz(func(t *testing.T, query string) {
		once.Do(func() { v, _, _ = coast(t) })
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for _, path := range []string{"/", "/cross", "/person/5", "/beside"} {
			w := v.get(path + "?" + values.Encode())
			if w.Code != http.StatusOK && w.Code != http.StatusRequestURITooLong {
				t.Fatalf("%s?%s: %d\n%s", path, query, w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "<script>") {
				t.Fatalf("%s: the page has a script", query)
			}
		}
	})
}

// TestFastConditions compares the quick tests of constraints with those of CUE.
func TestFastConditions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.jsonl")
	values := []any{nil, -3, 0, 1, 2, 2.5, 3, 10, 1e6}
	texts := []any{nil, "", "a", "b", "ab", "B", "ă", `q"uote`, `back\slash`, "a & b | c"}
	var b strings.Builder
	for _, n := range values {
		for _, s := range texts {
			line, _ := json.Marshal(map[string]any{"n": n, "s": s})
			b.Write(append(line, '\n'))
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	v := enter(t, opened(t, path), nil)
	for _, c := range []string{`>=1`, `>1 & <10`, `!=2`, `2 | 3 | null`, `<0 | >=10`, `>=2.5`, `-3`, `3.0`, `null`} {
		same(t, v, "n", c)
	}
	for _, c := range []string{`"a"`, `"a" | "b"`, `!="a"`, `=~"^a"`, `!~"a"`, `>="b"`, `<"b" & !=""`, `"q\"uote"`, `"back\\slash"`, `"a & b | c"`, `"ă" | null`} {
		same(t, v, "s", c)
	}
}

// same selects by a constraint as it is and in parentheses, which only CUE reads.
func same(t *testing.T, v *visit, field, constraint string) {
	t.Helper()
	fast, slow := v.page(t, where("/", field+": "+constraint)), v.page(t, where("/", field+": ("+constraint+") & ("+constraint+" | "+constraint+")"))
	if strings.Contains(fast, `class="fault"`) || count(t, fast) == 0 {
		t.Errorf("%s: %s selects nobody", field, constraint)
	}
	if a, b := count(t, fast), count(t, slow); a != b && !strings.Contains(slow, `class="fault"`) {
		t.Errorf("%s: %s selects %d rows, CUE %d", field, constraint, a, b)
	}
}
