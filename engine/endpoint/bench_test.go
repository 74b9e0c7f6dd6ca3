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
	"runtime/debug"
	"slices"
	"strconv"
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
	if n, err := strconv.Atoi(os.Getenv("ENDPOINT_BENCH_CALLS")); err == nil {
		calls = n
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

// BenchmarkClient sends calls of 6 kB, answered with 4.5 kB after 200 ms, 500 in
// flight, over the loopback. It reports the processor time of this process per
// call, user and system, the throughput as a share of the ideal 2,500 calls a
// second, and how high memory rose. The prompts are ready, as rendering them is
// not the client's. The floor is net/http alone, with ready bodies, which is
// measured by turns with the client, because a shared machine is not the same
// from minute to minute: so give it rounds, -benchtime 9x. The figures are medians.
func BenchmarkClient(b *testing.B) {
	debug.SetGCPercent(200) // as the program does when it asks a model
	url := serve(b)
	var own, floor []load500
	for b.Loop() {
		floor = append(floor, plainHTTP(b, url))
		own = append(own, client(b, url))
	}
	figures := map[string]float64{
		"cpu-µs/call":          median(own, func(l load500) float64 { return l.cpu }),
		"net/http-cpu-µs/call": median(floor, func(l load500) float64 { return l.cpu }),
		"%-of-ideal":           median(own, func(l load500) float64 { return l.ideal }),
		"net/http-%-of-ideal":  median(floor, func(l load500) float64 { return l.ideal }),
		"MB-peak":              peak(b) / 1e6,
	}
	for unit, figure := range figures {
		b.ReportMetric(figure, unit)
	}
}

func client(b *testing.B, url string) load500 {
	c, err := New(Config{BaseURL: url + "/v1", Model: "m", Mode: Strict, Workers: 500, MaxInFlight: 500}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	req := longRequest()
	return measure(b, func() error {
		_, err := c.Do(b.Context(), req)
		return err
	})
}

func plainHTTP(b *testing.B, url string) load500 {
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
	plain := http.Client{Transport: base}
	return measure(b, func() error {
		resp, err := plain.Post(url+"/v1/chat/completions", "application/json", bytes.NewReader(body))
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

// load500 is what 500 calls in flight took.
type load500 struct {
	cpu   float64 // µs of processor time a call
	ideal float64 // percent of the ideal throughput
}

// calls of a measured load. ENDPOINT_BENCH_CALLS changes it, to see that memory
// does not grow with it.
var calls = 10_000

func measure(b *testing.B, call func() error) load500 {
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
	send(2500) // connecting is not measured
	start, before := time.Now(), processorTime()
	send(calls)
	n := float64(calls)
	return load500{float64(processorTime()-before) / n / 1e3, 100 * n / 2500 / time.Since(start).Seconds()}
}

func median(loads []load500, f func(load500) float64) float64 {
	var x []float64
	for _, l := range loads {
		x = append(x, f(l))
	}
	slices.Sort(x)
	return x[len(x)/2]
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak returns the most memory that the process had so far, in bytes.
func peak(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	if runtime.GOOS == "darwin" {
		return float64(u.Maxrss)
	}
	return float64(u.Maxrss) * 1024
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
