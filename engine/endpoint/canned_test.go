package endpoint

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// canned returns a transport that answers every request with the same reply of
// 4.5 kB.
func canned(b *testing.B) http.RoundTripper {
	s := &fake.Server{TextLength: 1500}
	r, err := http.NewRequest(http.MethodPost, "http://model.test/v1/chat/completions", strings.NewReader(
		`{"model":"m","response_format":{"type":"json_schema","json_schema":{"schema":`+string(twoFields)+`}}}`))
	if err != nil {
		b.Fatal(err)
	}
	resp, err := s.Transport().RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: readCloser(string(body))}, nil
	})
}
