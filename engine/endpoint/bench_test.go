//go:build unix

package endpoint

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

const servant = "ENDPOINT_TEST_SERVER"

// TestMain turns the test binary into the fake server of the benchmarks, so that
// the client's processor time can be told from the server's.
func TestMain(m *testing.M) {
	if os.Getenv(servant) != "" {
		server := (&fake.Server{Latency: 200 * time.Millisecond, TextLength: 1500}).Start()
		fmt.Println(server.URL)
		fmt.Scanln() // until the parent closes the pipe
		return
	}
	os.Exit(m.Run())
}

// serve starts the fake server as a process of its own.
func serve(b *testing.B) (url string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), servant+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	if _, err := fmt.Fscanln(out, &url); err != nil {
		b.Fatal(err)
	}
	return url
}

// The benchmarks send calls of 6 kB, answered with 4.5 kB after 200 ms, 500 in
// flight, over the loopback. They report the processor time of this process per
// call, user and system, and the throughput as a share of the ideal 2,500 calls
// a second. BenchmarkPlainHTTP is the floor: net/http alone, with a ready body.

func BenchmarkClient(b *testing.B) {
	c, err := New(Config{BaseURL: serve(b) + "/v1", Model: "m", Mode: Strict, MaxInFlight: 500}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	load500(b, func() error {
		_, err := c.Do(b.Context(), longRequest())
		return err
	})
	b.ReportMetric(float64(c.Stats().Limit), "limit")
}

func BenchmarkPlainHTTP(b *testing.B) {
	c, err := New(Config{BaseURL: "http://model.test/v1", Model: "m", Mode: Strict}, nil)
	if err != nil {
		b.Fatal(err)
	}
	body, err := c.Body(longRequest())
	if err != nil {
		b.Fatal(err)
	}
	base := newBase(500)
	defer base.CloseIdleConnections()
	plain, url := http.Client{Transport: base}, serve(b)+"/v1/chat/completions"
	load500(b, func() error {
		resp, err := plain.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	})
}

func longRequest() Request {
	req := ask(0)
	req.System, req.MaxTokens = longSystem, 5000
	return req
}

var longSystem = strings.Repeat("Un text țesut din cuvinte. ", 180)

func load500(b *testing.B, call func() error) {
	send := func(n int) {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				for next.Add(1) <= int64(n) {
					if err := call(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	send(5000) // the slow start is not measured
	for b.Loop() {
		const n = 20_000
		start, before := time.Now(), processorTime()
		send(n)
		b.ReportMetric(float64(processorTime()-before)/n/1e3, "cpu-µs/call")
		b.ReportMetric(100*n/2500/time.Since(start).Seconds(), "%-of-ideal")
	}
	b.ReportMetric(float64(heap())/1e6, "MB-heap")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkOverhead is the client's work alone: scheduling, encoding, decoding
// and books, without a network.
func BenchmarkOverhead(b *testing.B) {
	reply := canned(b)
	cfg := Config{BaseURL: "http://model.test/v1", Model: "m", Mode: Strict, Transport: reply}
	c, err := New(cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	req := longRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
