// Package view shows a release, or a data file, in the browser: persons in a table with
// counts of every field, a search through all texts, a page for each person, cross-tabs,
// and the persons behind each check. Pages are made on this machine and work without
// JavaScript; nothing is fetched from elsewhere.
package view

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/personagen/personagen/engine/report"
)

//go:embed templates assets
var files embed.FS

// Viewer serves the pages of one or two data sets to one user on this machine.
type Viewer struct {
	data  *Data
	other *Data // to compare with, nil for none

	hosts   []string // that requests may name, with the port
	cookie  string   // its name
	session string

	lock  sync.Mutex
	token string // "" once it is exchanged

	selected, searches, orders, axes selections
	busy                             chan struct{} // limits pages that are made at once
}

// mostBusy is the number of pages that are made at once.
const mostBusy = 8

// New returns the viewer of a data set and, if it is not nil, of another one beside it.
func New(d, other *Data) *Viewer {
	return &Viewer{data: d, other: other, session: secret(), token: secret(), busy: make(chan struct{}, mostBusy), axes: selections{most: 8192}}
}

// secret returns 256 random bits as a text.
func secret() string {
	var b [32]byte
	rand.Read(b[:]) // does not fail
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Listen opens a port of this machine that no other machine can reach; 0 chooses a free
// one.
func Listen(port int) (net.Listener, error) {
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("%w: there is no port %d; choose 0 for a free one, or 1024 to 65535", ErrUsage, port)
	}
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("%w: port %d cannot be used: %w; choose another one with --port, or 0 for a free one", ErrUsage, port, err)
	}
	return l, nil
}

// Address returns the first address, with the token, which works once. The state is the
// query of an address that was copied from a viewer, "" for all persons.
func (v *Viewer) Address(l net.Listener, state string) string {
	address := "http://" + l.Addr().String() + "/?token=" + v.token
	if state = strings.TrimPrefix(state, "?"); state != "" {
		address += "&" + state
	}
	return address
}

// Serve answers requests until the context ends.
func (v *Viewer) Serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{
		Handler:           v.Handler(l.Addr().(*net.TCPAddr).Port),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Minute, // a large export
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if s.Shutdown(short) != nil {
			s.Close()
		}
	})
	err := s.Serve(l)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// policy lets pages use only what this server sends, and no script or style in a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Handler returns the handler of all requests to a port of this machine.
func (v *Viewer) Handler(port int) http.Handler {
	v.hosts = []string{fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("localhost:%d", port)}
	v.cookie = fmt.Sprintf("personagen_view_%d", port) // cookies are not divided by port
	mux := http.NewServeMux()
	for path, page := range v.routes() {
		mux.HandleFunc(path, page)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !v.admit(w, r) {
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "This server only shows pages.")
			return
		}
		if len(r.URL.RawQuery) > longAddress {
			refuse(w, http.StatusRequestURITooLong, "The address is too long.")
			return
		}
		select {
		case v.busy <- struct{}{}:
			defer func() { <-v.busy }()
		case <-r.Context().Done():
			return
		}
		defer func() { // a plan is a stranger's: what its checks do not find must not end the program
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler {
				v.fail(w, r, fmt.Errorf("the release cannot be shown: %v; personagen validate says what is wrong with it", fault))
			}
		}()
		mux.ServeHTTP(w, r)
	})
}

// longAddress is the length of the longest query of an address.
const longAddress = 32 << 10

// admit reports whether a request is of the user: to this host, from its own pages, and
// with the cookie. The first request has the token instead, and is sent on without it.
func (v *Viewer) admit(w http.ResponseWriter, r *http.Request) bool {
	own := false
	for _, host := range v.hosts {
		own = own || r.Host == host
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if origin := r.Header.Get("Origin"); !own || origin != "" && origin != "http://"+r.Host || site == "cross-site" || site == "same-site" {
		refuse(w, http.StatusForbidden, "This request does not come from the viewer's own pages.")
		return false
	}
	if c, err := r.Cookie(v.cookie); err == nil && same(c.Value, v.session) {
		if r.URL.Query().Has("token") { // the first address again
			v.sendOn(w, r)
			return false
		}
		return true
	}
	if r.Method == http.MethodGet && v.exchange(r.URL.Query().Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: v.cookie, Value: v.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		v.sendOn(w, r)
		return false
	}
	refuse(w, http.StatusForbidden, "Open the address that personagen view has printed. It works once, in one browser; start personagen view again for another one.")
	return false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// exchange uses up the token.
func (v *Viewer) exchange(token string) bool {
	v.lock.Lock()
	defer v.lock.Unlock()
	if v.token == "" || !same(token, v.token) {
		return false
	}
	v.token = ""
	return true
}

// sendOn redirects to the same address without the token. The path is the server's own.
func (v *Viewer) sendOn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Del("token")
	to := "/"
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// refuse answers with a message and nothing of the data.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, message)
}

// routes lists all pages and files.
func (v *Viewer) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/{$}":             v.list,
		"/person/{row}":    v.person,
		"/cross":           v.cross,
		"/checks":          v.checks,
		"/pair":            v.pair,
		"/beside":          v.beside,
		"/export/{format}": v.export,
		"/assets/{name}":   v.asset,
		"/":                v.missing,
	}
}

// Routes lists the patterns of all pages and files.
func (v *Viewer) Routes() []string { return slices.Sorted(maps.Keys(v.routes())) }

func (v *Viewer) missing(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, "There is no such page.")
}

// asset sends an embedded file. The style sheet has the colours and charts of the report.
func (v *Viewer) asset(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]string{"style.css": "text/css; charset=utf-8", "view.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}
	name := r.PathValue("name")
	if kinds[name] == "" {
		v.missing(w, r)
		return
	}
	from, before := name, ""
	if name == "style.css" {
		from, before = "view.css", report.Styles()
	}
	data, err := files.ReadFile("assets/" + from)
	if err != nil {
		v.missing(w, r)
		return
	}
	w.Header().Set("Content-Type", kinds[name])
	io.WriteString(w, before)
	w.Write(data)
}
