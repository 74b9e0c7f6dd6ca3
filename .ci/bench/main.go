// Command bench reruns every figure of BENCHMARKS.md and writes the file:
//
//	go run ./.ci/bench            # everything, about half an hour on two idle cores
//	go run ./.ci/bench -only run  # sections whose title contains "run"; others keep their text
//	go run ./.ci/bench -only jobs -small -out /tmp/x.md  # a trial of the section about jobs
//
// Run it on an idle machine. Whole commands are timed as processes, with the
// operating system's accounting; Go benchmarks print their own figures.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// section is a part of BENCHMARKS.md.
type section struct {
	title string
	about string
	write func(b *bench, w *bytes.Buffer)
}

var sections = []section{
	{"Whole commands", "Wall time, processor time (user and system) and peak memory of a process: median, with minimum and maximum of the wall time. The cache of fitted plans is warm unless a command says `--no-cache`. An option `-o` names a fresh folder each time.", wholeCommands},
	{"Model client", "The client against the tests' server over loopback, and `net/http` alone by turns with it in the same process: processor time of the whole process per call.", goBench("./engine/endpoint", "Client|Overhead", "3x")},
	{"Fit and allocation", "", goBench("./engine/internal/fit ./engine/internal/sample", "Realistic|Allocate|QuotaFill", "3x")},
	{"Plan bundle", "The bundle of the Moldovan specification, with the allocation of its population.", goBench("./specs", "Bundle", "20x")},
	{"Checks", "", goBench("./engine/check", "Add|Tables|Near|Texts", "3x")},
	{"Journal", "", goBench("./engine/journal", ".", "1x")},
	{"Viewer", "`personagen view`: the first page from the opening of the files on, a click on a value, a search that nobody has made before, the page of a person; and the memory held and taken from the system.", viewer},
	{"Every seed and size", "`run specs/moldova.cue --provider none --seed S -n N`: forty populations. Deviations are in persons: of one-way margins, and of all tables and joints of a whole quota population.", seeds},
	{"Jobs", "", jobs},
	{"Offline texts", "`run specs/moldova.cue -n 10000`: of the fields of texts, the worst.", texts},
}

// timed are the whole commands; $OUT is a fresh folder.
var timed = []struct {
	args string
	runs int
}{
	{"vet specs/moldova.cue", 5},
	{"vet specs/moldova.cue --fit --no-cache", 3},
	{"run specs/moldova.cue -n 500 --no-cache -o $OUT", 5},
	{"run specs/moldova.cue --provider none -n 1000 -o $OUT", 5},
	{"run specs/moldova.cue --provider none -n 100000 -o $OUT", 5},
	{"run specs/moldova.cue --provider none -n 1000000 --format parquet -o $OUT", 3},
	{"run specs/moldova.cue --provider none -n 10000000 --format parquet -o $OUT", 1},
	{"run specs/moldova.cue -n 20000 -o $OUT", 3},
	{"run specs/moldova.cue -n 100000 -o $OUT", 3},
	{"validate $LAST", 1},
}

type bench struct {
	dir     string // temporary
	program string
	last    string // release written last
}

func main() {
	log.SetFlags(0)
	only := flag.String("only", "", "rerun only the sections whose title contains this")
	output := flag.String("out", "BENCHMARKS.md", "file that is written")
	flag.BoolVar(&small, "small", false, "small sizes in the section about jobs")
	flag.Parse()
	dir, err := os.MkdirTemp("", "bench-")
	check(err)
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, program: filepath.Join(dir, "personagen")}
	run("go", "build", "-o", b.program, "./cmd/personagen")

	old, _ := os.ReadFile("BENCHMARKS.md")
	var page bytes.Buffer
	fmt.Fprintf(&page, "# Benchmarks\n\nWritten by `go run ./.ci/bench`, which reruns every figure. Each section names its machine, date and version.\n")
	for _, s := range sections {
		if text := sectionOf(old, s.title); !strings.Contains(strings.ToLower(s.title), strings.ToLower(*only)) && text != "" {
			page.WriteString(text)
			continue
		}
		log.Printf("%s ...", s.title)
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n", s.title, strings.TrimSpace(s.about+"\n\n"+machine()))
		s.write(b, &page)
	}
	check(os.WriteFile(*output, page.Bytes(), 0o644))
}

// sectionOf is the text of a section of the existing page, with its heading.
func sectionOf(page []byte, title string) string {
	_, rest, found := strings.Cut(string(page), "\n## "+title+"\n")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return "\n## " + title + "\n" + strings.TrimRight(text, "\n") + "\n"
}

// machine says where and when a section was measured, and what.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(info); m != nil {
			model = string(m[1])
		}
	}
	memory := ""
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		kib := 0
		fmt.Sscanf(string(info), "MemTotal: %d", &kib)
		memory = fmt.Sprintf(", %d GiB", (kib+1<<19)>>20)
	}
	commit, _ := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	return fmt.Sprintf("*%s, commit %s, %s, %d cores of %s%s.*", time.Now().UTC().Format(time.DateOnly),
		strings.TrimSpace(string(commit)), runtime.Version(), runtime.NumCPU(), model, memory)
}

func wholeCommands(b *bench, w *bytes.Buffer) {
	fmt.Fprintf(w, "| command | runs | seconds | processor seconds | peak MiB |\n| --- | ---: | ---: | ---: | ---: |\n")
	b.time("run specs/moldova.cue --provider none -n 1000 -o $OUT") // fills the caches
	for _, t := range timed {
		var wall, processor, peak []float64
		for range t.runs {
			p, took := b.time(t.args)
			wall = append(wall, took.Seconds())
			processor = append(processor, (p.UserTime() + p.SystemTime()).Seconds())
			if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
				peak = append(peak, float64(usage.Maxrss)/1024)
			}
		}
		seconds := fmt.Sprintf("%.2f", median(wall))
		if t.runs > 1 {
			seconds += fmt.Sprintf(" (%.2f to %.2f)", slices.Min(wall), slices.Max(wall))
		}
		fmt.Fprintf(w, "| `%s` | %d | %s | %.2f | %.0f |\n", strings.NewReplacer(" -o $OUT", "", "$LAST", "the last release").Replace(t.args),
			t.runs, seconds, median(processor), median(peak))
	}
}

// time runs a command of the program.
func (b *bench) time(args string) (*os.ProcessState, time.Duration) {
	out := filepath.Join(b.dir, "out")
	if strings.Contains(args, "$OUT") {
		check(os.RemoveAll(out))
		b.last = out
	}
	args = strings.NewReplacer("$OUT", out, "$LAST", b.last).Replace(args)
	log.Printf("  %s", args)
	c := exec.Command(b.program, strings.Fields(args)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	start := time.Now()
	if err := c.Run(); err != nil {
		log.Fatalf("%v: %v\n%s", c.Args, err, stderr.Bytes())
	}
	return c.ProcessState, time.Since(start)
}

// goBench runs Go benchmarks and quotes their lines.
func goBench(packages, pattern, times string) func(*bench, *bytes.Buffer) {
	return func(_ *bench, w *bytes.Buffer) {
		args := append([]string{"test", "-run", "xxx", "-bench", pattern, "-benchmem", "-benchtime", times}, strings.Fields(packages)...)
		fmt.Fprintf(w, "`go %s`\n\n```\n", strings.Join(args, " "))
		for line := range strings.Lines(run("go", args...)) {
			if strings.HasPrefix(line, "Benchmark") {
				w.WriteString(line)
			}
		}
		w.WriteString("```\n")
	}
}

// viewer measures the pages of a million persons without texts and of 100,000 with.
func viewer(b *bench, w *bytes.Buffer) {
	for _, args := range []string{"run specs/moldova.cue --provider none -n 1000000 --format parquet", "run specs/moldova.cue -n 100000 --format parquet"} {
		b.time(args + " -o $OUT")
		check(os.Setenv("PERSONAGEN_VIEW", b.last))
		fmt.Fprintf(w, "The release of `%s`, in `PERSONAGEN_VIEW`:\n\n", args)
		goBench("./engine/view", "View", "3x")(b, w)
	}
}

// statistics is the part of stats.json that is read here.
type statistics struct {
	Checks struct {
		Counts   map[string]int
		Outcomes []struct {
			ID, Kind, Name, Status string
			Persons                int64
			Table                  *struct {
				Origin  string
				Rank    int
				Persons float64
			}
			Test *struct{ P float64 }
		}
	}
	Texts struct {
		Fields []struct {
			Alike *struct {
				Share    float64 `json:"near_duplicates_share"`
				Openings struct {
					Repeated float64 `json:"repeated_in_a_hundred"`
				}
			}
		}
	}
}

func (b *bench) statistics(args string) *statistics {
	b.time(args)
	data, err := os.ReadFile(filepath.Join(b.last, "stats.json"))
	check(err)
	var s statistics
	check(json.Unmarshal(data, &s))
	return &s
}

func seeds(b *bench, w *bytes.Buffer) {
	fmt.Fprintf(w, "| N | populations | checks that fail or warn | worst margin | worst table or joint | least p of a table |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, n := range []int{500, 1000, 10000, 100000} {
		bad, margin, table, p := 0, 0.0, 0.0, 1.0
		for seed := 1; seed <= 10; seed++ {
			s := b.statistics(fmt.Sprintf("run specs/moldova.cue --provider none --seed %d -n %d -o $OUT", seed, n))
			bad += s.Checks.Counts["fail"] + s.Checks.Counts["warn"]
			for _, o := range s.Checks.Outcomes {
				if o.Kind != "table" || o.Table == nil {
					continue
				}
				if o.Table.Rank == 1 {
					margin = max(margin, abs(o.Table.Persons))
				}
				table = max(table, abs(o.Table.Persons))
				if o.Test != nil {
					p = min(p, o.Test.P)
				}
			}
		}
		fmt.Fprintf(w, "| %d | 10 | %d | %.2f | %.2f | %.2f |\n", n, bad, margin, table, p)
	}
}

func texts(b *bench, w *bytes.Buffer) {
	s := b.statistics("run specs/moldova.cue -n 10000 -o $OUT")
	broken, near, repeated, fields := int64(0), 0.0, 0.0, 0
	for _, o := range s.Checks.Outcomes {
		if o.Kind == "rule" {
			broken += o.Persons
		}
	}
	for _, f := range s.Texts.Fields {
		if f.Alike != nil {
			fields++
			near = max(near, f.Alike.Share)
			repeated = max(repeated, f.Alike.Openings.Repeated)
		}
	}
	fmt.Fprintf(w, "| fields of texts | broken rules | near-duplicates, worst field | repeated openings in a hundred, worst field |\n| ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(w, "| %d | %d | %.2f %% | %.2f %% |\n", fields, broken, 100*near, 100*repeated)
}

func run(name string, args ...string) string {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		log.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
	return string(out)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Clone(x)
	slices.SortFunc(s, cmp.Compare)
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func abs(x float64) float64 { return max(x, -x) }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
