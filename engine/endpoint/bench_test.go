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

// serverVar makes the test binary the fake server of the benchmarks; its value is
// the length of a text.
const serverVar = "ENDPOINT_TEST_SERVER"

// TestMain turns the test binary into the fake server of the benchmarks, so that
// the client's processor time does not include the server's.
func TestMain(m *testing.M) {
	if length, err := strconv.Atoi(os.Getenv(serverVar)); err == nil {
		server := (&fake.Server{Latency: 200 * time.Millisecond, TextLength: length}).Start()
		fmt.Println(server.URL)
		fmt.Scanln() // until the parent closes the pipe
		return
	}
	if n, err := strconv.Atoi(os.Getenv("ENDPOINT_BENCH_CALLS")); err == nil {
		calls = n
	}
	os.Exit(m.Run())
}

// serve starts the fake server as a separate process.
func serve(b *testing.B, textLength int) (url string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", serverVar, textLength))
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

// sizes of a call: in kilobytes asked and answered.
var sizes = []struct {
	name       string
	system     int // repetitions of a sentence in the system text
	textLength int // the answer has three texts
}{
	{"6kB-4.5kB", 180, 1500},
	{"18kB-12kB", 600, 4000},
}

// BenchmarkClient sends calls that are answered after 200 ms, 500 in flight, over
// the loopback interface. It reports the processor time of this process per call,
// user and system, the throughput in percent of the ideal 2,500 calls per second,
// and the peak of memory. Rendering the prompts is not included. It measures
// net/http alone, with finished bodies, alternately with the client, because the
// speed of a shared machine varies: run several rounds, -benchtime 9x. The figures
// are medians.
func BenchmarkClient(b *testing.B) {
	debug.SetGCPercent(200) // as the program does when a model writes
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			url := serve(b, size.textLength)
			req := longRequest(size.system)
			var own, floor []load500
			for b.Loop() {
				floor = append(floor, plainHTTP(b, url, req))
				own = append(own, client(b, url, req))
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
		})
	}
}

func client(b *testing.B, url string, req Request) load500 {
	c, err := New(Config{BaseURL: url + "/v1", Model: "m", Mode: Strict, Workers: 500, MaxInFlight: 500}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	return measure(b, func() error {
		_, err := c.Do(b.Context(), req)
		return err
	})
}

func plainHTTP(b *testing.B, url string, req Request) load500 {
	c, err := New(Config{BaseURL: "http://model.test/v1", Model: "m", Mode: Strict}, nil)
	if err != nil {
		b.Fatal(err)
	}
	body, err := c.Body(req)
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

func longRequest(sentences int) Request {
	req := ask(0)
	req.System, req.MaxTokens = strings.Repeat("Un text țesut din cuvinte. ", sentences), 20_000
	return req
}

// load500 is the measurement of 500 calls in flight.
type load500 struct {
	cpu   float64 // µs of processor time per call
	ideal float64 // percent of the ideal throughput
}

// calls of a measurement. ENDPOINT_BENCH_CALLS changes it, to check that memory
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
	send(2500) // connecting is not included
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

// peak returns the largest resident size of the process so far, in bytes.
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

// BenchmarkOverhead measures the client alone: scheduling, encoding, decoding and
// accounting, without a network.
func BenchmarkOverhead(b *testing.B) {
	reply := canned(b)
	cfg := Config{BaseURL: "http://model.test/v1", Model: "m", Mode: Strict, Transport: reply}
	c, err := New(cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	req := longRequest(180)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
