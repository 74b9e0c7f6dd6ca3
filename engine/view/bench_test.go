package view_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"testing"

	"github.com/personagen/personagen/engine/spec/load"
	"github.com/personagen/personagen/engine/view"
)

// BenchmarkView measures what a user waits for, in the release or file that
// PERSONAGEN_VIEW names: the first page, from opening the files on; a click on a value of a
// field; a search that no one has made before; and the page of a person. The goals are 2 s,
// 200 ms and 3 s on two cores, with less than 1 GB of memory, for 1,000,000 persons without
// texts and 100,000 with.
func BenchmarkView(b *testing.B) {
	path := os.Getenv("PERSONAGEN_VIEW")
	if path == "" {
		b.Skip("PERSONAGEN_VIEW names no release")
	}
	var v *visit
	get := func(b *testing.B, page string) {
		b.Helper()
		if r := v.get(page); r.Code != http.StatusOK {
			b.Fatalf("%s: %d\n%s", page, r.Code, r.Body)
		}
	}
	begin := func(b *testing.B) {
		d, err := view.Load(context.Background(), path, view.Options{ParseConditions: load.ParseConditions})
		if err != nil {
			b.Fatal(err)
		}
		v = enter(b, d, nil)
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			begin(b)
			get(b, "/")
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc>>20), "MB-held")
		b.ReportMetric(float64(m.Sys>>20), "MB-system")
	})
	if v == nil {
		begin(b)
	}
	n := 0
	b.Run("facet", func(b *testing.B) {
		for b.Loop() {
			n++
			get(b, "/?where="+url.QueryEscape(fmt.Sprintf("age: >=%d", 20+n%60))+"&where="+url.QueryEscape(fmt.Sprintf("age: <%d", 90+n)))
		}
	})
	b.Run("search", func(b *testing.B) {
		for b.Loop() {
			n++
			get(b, fmt.Sprintf("/?q=iasi+%c", rune(0x61+n%26)))
		}
	})
	b.Run("person", func(b *testing.B) {
		for b.Loop() {
			n++
			get(b, fmt.Sprintf("/person/%d", 1+n*7919%5000))
		}
	})
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.Logf("memory of the system: %d MB", m.Sys>>20)
}

// visit is a user who has exchanged the token.
type visit struct {
	viewer  *view.Viewer
	handler http.Handler
	cookie  *http.Cookie
	first   string // query of the first address
}

const port = 4567

func enter(t testing.TB, d, other *view.Data) *visit {
	t.Helper()
	v := view.New(d, other)
	l := listener(t)
	handler := v.Handler(port)
	first, err := url.Parse(v.Address(l, ""))
	if err != nil {
		t.Fatal(err)
	}
	r := request(http.MethodGet, "/?"+first.RawQuery)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("the first address gives %d", w.Code)
	}
	return &visit{v, handler, cookies[0], first.RawQuery}
}

func request(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = fmt.Sprintf("127.0.0.1:%d", port)
	return r
}

func (v *visit) get(target string) *httptest.ResponseRecorder {
	r := request(http.MethodGet, target)
	r.AddCookie(v.cookie)
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	return w
}
