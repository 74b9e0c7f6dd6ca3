package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// telltale is a server that sends back the key that it is sent: the first part of the
// path says in which way.
type telltale struct{ honest *fake.Server }

func newTelltale() *httptest.Server { return httptest.NewServer(&telltale{&fake.Server{}}) }

// ServeHTTP implements http.Handler.
func (s *telltale) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	way, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	r.URL.Path = "/" + path
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	encoded := base64.StdEncoding.EncodeToString([]byte("key=" + key))
	escaped := ""
	for _, b := range []byte(key) {
		escaped += fmt.Sprintf("%%%02X", b)
	}
	switch status, isStatus := map[string]int{"401": 401, "400": 400, "404": 404, "500": 500, "429": 429}[way]; {
	case isStatus:
		w.Header().Set("X-Key", key)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"message":"Incorrect key %s, that is %s or %s","code":"k-%[1]s"}}`, key, encoded, escaped)
		return
	case way == "redirect":
		w.Header().Set("Location", "http://127.0.0.1:1/?key="+url.QueryEscape(key)+"&k="+encoded)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	case way == "html":
		fmt.Fprintf(w, "<html>%s</html>", key)
		return
	case way == "prose":
		fmt.Fprintf(w, "your key is %s", key)
		return
	}
	recorded := httptest.NewRecorder()
	s.honest.ServeHTTP(recorded, r)
	body := recorded.Body.String()
	w.Header().Set("X-Request-Id", key)
	w.Header().Set("Content-Type", recorded.Header().Get("Content-Type"))
	if path == "v1/chat/completions" {
		body = answerWith(way, body, key, encoded, escaped)
	} else if r.Method == http.MethodGet && strings.HasSuffix(path, "/content") {
		var lines []string
		for line := range strings.Lines(body) {
			lines = append(lines, answerWith(way, line, key, encoded, escaped))
		}
		body = strings.Join(lines, "")
	}
	w.WriteHeader(recorded.Code)
	io.WriteString(w, body)
}

// answerWith puts the key into the texts or the frame of a reply, or of a line of a
// file of answers. The answers to probes stay as they are.
func answerWith(way, body, key, encoded, escaped string) string {
	const text = "Text "
	if strings.Contains(body, "canary") {
		return body
	}
	put := func(in string) string {
		quoted, _ := json.Marshal(in)
		inner, _ := json.Marshal(strings.Trim(string(quoted), `"`))
		return strings.ReplaceAll(body, text, strings.Trim(string(inner), `"`)+" ")
	}
	switch way {
	case "whole":
		return put(key)
	case "upper":
		return put(strings.ToUpper(key))
	case "base64":
		return put(encoded)
	case "hex":
		return put(hex.EncodeToString([]byte(key)))
	case "percent":
		return put(escaped)
	case "spread":
		return put(strings.Join(strings.Split(key, ""), " "))
	case "split":
		parts := []string{key[:len(key)/2], key[len(key)/2:]}
		n := -1
		pieces := strings.Split(body, text)
		for i := range pieces[1:] {
			n++
			pieces[i+1] = parts[n%2] + " " + pieces[i+1]
		}
		return strings.Join(pieces, "")
	case "frame":
		body = strings.Replace(body, `"model":"`, `"model":"`+key+" ", 1)
		return strings.Replace(body, `"finish_reason":"stop"`, `"finish_reason":"`+key+`"`, 1)
	case "refusal":
		return strings.Replace(body, `"role":"assistant"`, `"role":"assistant","refusal":"not with `+key+`"`, 1)
	case "id":
		return strings.Replace(body, `"custom_id":"`, `"custom_id":"`+key, 1)
	}
	return body
}

// hidden requires a key to be nowhere: neither in a file or its name under $WORK but
// the script's own, nor in the output of the last command. It knows the encodings of
// the telltale server: hidden KEY.
func hidden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hidden KEY")
	}
	key := args[0]
	forms := []string{key, strings.ToUpper(key), key[:len(key)/2], key[len(key)/2:], base64.StdEncoding.EncodeToString([]byte("key=" + key))[8:40], hex.EncodeToString([]byte(key)), strings.Join(strings.Split(key, ""), " "), url.QueryEscape(key)}
	check := func(where, text string) {
		if i := slices.IndexFunc(forms, func(f string) bool { return strings.Contains(text, f) }); i >= 0 {
			ts.Fatalf("%s has the key as %q", where, forms[i])
		}
	}
	check("stdout", ts.ReadFile("stdout"))
	check("stderr", ts.ReadFile("stderr"))
	root := ts.MkAbs(".")
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		check("the name "+path, path)
		if d.IsDir() || !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		check(path, string(data))
		return err
	}))
}
