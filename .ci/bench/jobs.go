package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/personagen/personagen/engine/humanize"
)

// small makes the section about jobs a trial of a few minutes, whose figures mean nothing.
var small bool

const (
	whole    = 1_000_000_000 // the largest population: ranks of persons are int32, and the schema has this limit
	partRows = 98_304
)

// use is what processes took.
type use struct {
	processor, wall float64 // seconds
	peak            float64 // MiB, of one process
}

func (u *use) add(v use) {
	u.processor += v.processor
	u.wall += v.wall
	u.peak = max(u.peak, v.peak)
}

// measure runs the program.
func (b *bench) measure(args string, env ...string) use {
	c := exec.Command(b.program, strings.Fields(args)...)
	c.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	log.Printf("  %s", args)
	start := time.Now()
	const checksFailed = 4 // of a job whose receipts are copies
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() != checksFailed {
		log.Fatalf("%v: %v\n%s", c.Args, err, stderr.Bytes())
	}
	p := c.ProcessState
	u := use{processor: (p.UserTime() + p.SystemTime()).Seconds(), wall: time.Since(start).Seconds()}
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		u.peak = float64(usage.Maxrss) / 1024
	}
	return u
}

// parts makes parts, so many at once, each with a processor.
func (b *bench) parts(job string, numbers []int, atOnce int) use {
	var sum use
	var mu sync.Mutex
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for range atOnce {
		all.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(numbers); i = next.Add(1) - 1 {
				u := b.measure(fmt.Sprintf("job part %s %d -q --workers 1", job, numbers[i]), "GOMAXPROCS=1")
				mu.Lock()
				sum.add(u)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	sum.wall = time.Since(start).Seconds()
	return sum
}

func count(n, rows int) int { return (n-1)/rows + 1 }

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// jobs measures what parts of the largest population take, and compares a job with a run.
func jobs(b *bench, w *bytes.Buffer) {
	sample, compared, writtenParts := 100, 10_000_000, 4
	if small {
		sample, compared, writtenParts = 4, 200_000, 1
	}
	structured := b.farParts(w, sample)
	offline := b.writtenParts(writtenParts)
	b.parallel(w, compared)
	reduction := b.overhead(w, compared)
	b.estimates(w, structured, offline, reduction)
}

// perPart is what a part of the largest population takes.
type perPart struct{ processor, bytes float64 }

// farParts makes some parts of the largest population, from the first to the last, and the
// reduction and the commit with receipts of all, of which the others are copies.
func (b *bench) farParts(w *bytes.Buffer, sample int) perPart {
	job := filepath.Join(b.dir, "far")
	b.measure("vet specs/moldova.cue --fit") // fills the cache
	sealed := b.measure(fmt.Sprintf("job new specs/moldova.cue -n %d --part-rows %d --provider none --format parquet --to %s -q", whole, partRows, job))
	all := count(whole, partRows)
	fmt.Fprintf(w, "### %d parts of %d, evenly spread\n\n`job new specs/moldova.cue -n %d --part-rows %d --provider none --format parquet`, then `job part JOB I --workers 1` with `GOMAXPROCS=1`.\n\n", sample, all, whole, partRows)
	fmt.Fprintf(w, "| step | processes | processor seconds of each | peak MiB |\n| --- | ---: | ---: | ---: |\n| `job new` | 1 | %.2f | %.0f |\n", sealed.processor, sealed.peak)
	tenth := max(1, sample/10)
	sums := map[string]*use{}
	var sum use
	for k := range sample {
		u := b.parts(job, []int{k * (all - 1) / max(1, sample-1)}, 1)
		sum.add(u)
		for name, in := range map[string]bool{"first": k < tenth, "middle": k >= (sample-tenth)/2 && k < (sample-tenth)/2+tenth, "last": k >= sample-tenth} {
			if in {
				if sums[name] == nil {
					sums[name] = &use{}
				}
				sums[name].add(u)
			}
		}
	}
	for _, name := range []string{"first", "middle", "last"} {
		fmt.Fprintf(w, "| `job part`, the %s tenth | %d | %.2f | %.0f |\n", name, tenth, sums[name].processor/float64(tenth), sums[name].peak)
	}
	fmt.Fprintf(w, "| `job part`, all | %d | %.2f | %.0f |\n", sample, sum.processor/float64(sample), sum.peak)
	size := fileSize(filepath.Join(job, "data", fmt.Sprintf("train-%05d-of-%05d.parquet", 0, all)))
	copyReceipts(job, all, (all-1)/max(1, sample-1))
	reduced := b.measure("job reduce "+job+" 1 -q", "GOMAXPROCS=1")
	fmt.Fprintf(w, "| `job reduce` of one reduction, with %d receipts | 1 | %.2f | %.0f |\n", all, reduced.processor, reduced.peak)
	copyReductions(job)
	for _, step := range []string{"commit", "status"} {
		u := b.measure("job " + step + " " + job)
		fmt.Fprintf(w, "| `job %s` | 1 | %.2f | %.0f |\n", step, u.processor, u.peak)
	}
	fmt.Fprint(w, "\nThe receipts of parts and reductions that were not made are copies, and their fingerprints are empty, so that no persons are compared: those are in the table of a whole job.\n")
	check(os.RemoveAll(job))
	return perPart{sum.processor / float64(sample), size}
}

func fileSize(path string) float64 {
	info, err := os.Stat(path)
	check(err)
	return float64(info.Size())
}

// copyReceipts gives all parts that were not made the files and findings of one, under their
// names, and fingerprints of nobody. That one is not the first, which alone has a sample of the
// first persons.
func copyReceipts(job string, all, of int) {
	at := func(names ...string) string { return filepath.Join(append([]string{job, "_job"}, names...)...) }
	number := func(i int) string { return fmt.Sprintf("%06d", i) }
	data, err := os.ReadFile(at("parts", number(of)+".json"))
	check(err)
	fingerprints, err := os.ReadFile(at("fingerprints", number(of)))
	check(err)
	none := nobody(fingerprints)
	for i := range all {
		if _, err := os.Stat(at("parts", number(i)+".json")); err == nil {
			continue
		}
		var r map[string]any
		check(json.Unmarshal(data, &r))
		rows := min(partRows, whole-int64(i)*partRows)
		r["part"] = i
		for _, f := range r["files"].([]any) {
			file := f.(map[string]any)
			old := file["name"].(string)
			file["name"], file["rows"] = strings.Replace(old, fmt.Sprintf("-%05d-of-", of), fmt.Sprintf("-%05d-of-", i), 1), rows
			check(os.Link(filepath.Join(job, old), filepath.Join(job, file["name"].(string))))
		}
		r["findings"].(map[string]any)["name"] = "_job/findings/" + number(i)
		check(os.Link(at("findings", number(of)), at("findings", number(i))))
		r["fingerprints"] = map[string]any{"name": "_job/fingerprints/" + number(i), "bytes": len(none), "sha256": strings.Repeat("0", 64)}
		check(os.WriteFile(at("fingerprints", number(i)), none, 0o644))
		receipt, err := json.Marshal(r)
		check(err)
		check(os.WriteFile(at("parts", number(i)+".json"), receipt, 0o644))
	}
}

// copyReductions gives all reductions what the second found, which has joined as many parts as
// the first.
func copyReductions(job string) {
	at := func(names ...string) string { return filepath.Join(append([]string{job, "_job"}, names...)...) }
	var sealed struct{ Parts, Reductions int }
	data, err := os.ReadFile(at("job.json"))
	check(err)
	check(json.Unmarshal(data, &sealed))
	data, err = os.ReadFile(at("reduced", "0001.json"))
	check(err)
	for i := range sealed.Reductions {
		var r map[string]any
		check(json.Unmarshal(data, &r))
		r["reduction"] = i
		number := fmt.Sprintf("%04d", i)
		r["findings"].(map[string]any)["name"] = "_job/joined/" + number
		if i != 1 {
			check(os.Link(at("joined", "0001"), at("joined", number)))
		}
		for _, kind := range r["repeats"].([]any) { // as many persons as were joined
			kind.(map[string]any)["compared"] = count(sealed.Parts, sealed.Reductions) * partRows
		}
		receipt, err := json.Marshal(r)
		check(err)
		check(os.WriteFile(at("reduced", number+".json"), receipt, 0o644))
	}
}

// nobody returns fingerprints of no rows in the form of others: offsets of the partitions, and
// for each partition the numbers of fingerprints of each kind, which are 0, and a checksum.
func nobody(of []byte) []byte {
	const partitions = 256
	offset := func(p int) int { return int(binary.LittleEndian.Uint64(of[8*p:])) }
	kinds, record := 0, 16
	for at := offset(0); at < offset(1)-crc32.Size; kinds++ {
		at += 4 + record*int(binary.LittleEndian.Uint32(of[at:]))
	}
	block := make([]byte, 4*kinds)
	block = binary.LittleEndian.AppendUint32(block, crc32.Checksum(block, crc32.MakeTable(crc32.Castagnoli)))
	var out []byte
	for p := range partitions + 1 {
		out = binary.LittleEndian.AppendUint64(out, uint64(offset(0)+p*len(block)))
	}
	for range partitions {
		out = append(out, block...)
	}
	return out
}

// writtenParts makes parts of the largest population whose texts the phrase banks write.
func (b *bench) writtenParts(n int) perPart {
	job := filepath.Join(b.dir, "written")
	rows := 32_768
	b.measure(fmt.Sprintf("job new specs/moldova.cue -n %d --part-rows %d --format parquet --to %s -q", whole, rows, job))
	u := b.parts(job, upTo(n), 1)
	all := count(whole, rows)
	size := fileSize(filepath.Join(job, "data", fmt.Sprintf("train-%05d-of-%05d.parquet", 0, all)))
	check(os.RemoveAll(job))
	scale := partRows / float64(rows)
	return perPart{u.processor / float64(n) * scale, size * scale}
}

// parallel makes eight parts, one to eight at once.
func (b *bench) parallel(w *bytes.Buffer, n int) {
	const parts = 8
	rows := partRows
	if small {
		rows = 32_768
	}
	fmt.Fprintf(w, "\n### Parts at the same time\n\n%d parts of %d persons of `specs/moldova.cue --provider none`, each a process with one processor.\n\n| at once | seconds | processor seconds | times as fast as one |\n| ---: | ---: | ---: | ---: |\n", parts, rows)
	first := 0.0
	for _, atOnce := range []int{1, 2, 4, 8} {
		job := filepath.Join(b.dir, "parallel")
		b.measure(fmt.Sprintf("job new specs/moldova.cue -n %d --part-rows %d --provider none --format parquet --to %s -q", parts*rows, rows, job))
		u := b.parts(job, upTo(parts), atOnce)
		if atOnce == 1 {
			first = u.wall
		}
		fmt.Fprintf(w, "| %d | %.1f | %.1f | %.2f |\n", atOnce, u.wall, u.processor, first/u.wall)
		check(os.RemoveAll(job))
	}
}

// overhead compares a job with a run. It returns the processor seconds of reductions by person.
func (b *bench) overhead(w *bytes.Buffer, n int) float64 {
	fmt.Fprintf(w, "\n### A job and a run\n\n`run SPEC -n %d --provider none --rows-per-file %d` and the same as a job, two parts at once. The peak is that of the largest process.\n\n| spec | command | seconds | processor seconds | peak MiB |\n| --- | --- | ---: | ---: | ---: |\n", n, partRows)
	reduction := 0.0
	for _, c := range []struct{ spec, format string }{{"quickstart", "parquet,jsonl,csv"}, {"moldova", "parquet"}} {
		out, job := filepath.Join(b.dir, "out"), filepath.Join(b.dir, "job")
		what := fmt.Sprintf("specs/%s.cue -n %d --provider none --format %s -q", c.spec, n, c.format)
		b.measure("vet specs/" + c.spec + ".cue --fit") // fills the cache
		whole := b.measure(fmt.Sprintf("run %s --rows-per-file %d -o %s", what, partRows, out))
		check(os.RemoveAll(out))
		all := b.measure(fmt.Sprintf("job new %s --part-rows %d --to %s", what, partRows, job))
		parts := b.parts(job, upTo(count(n, partRows)), 2)
		reduce := b.measure(fmt.Sprintf("job reduce %s 0/1 -q", job))
		commit := b.measure("job commit " + job + " -q")
		for _, u := range []use{parts, reduce, commit} {
			all.add(u)
		}
		reduction = max(reduction, reduce.processor/float64(n))
		row := func(command string, u use) {
			fmt.Fprintf(w, "| %s | %s | %.1f | %.1f | %.0f |\n", c.spec, command, u.wall, u.processor, u.peak)
		}
		row("`run`", whole)
		row("`job part`, all", parts)
		row("`job reduce`, all", reduce)
		row("`job commit`", commit)
		row(fmt.Sprintf("the job, %+.1f %% of processor time", 100*(all.processor/whole.processor-1)), all)
		check(os.RemoveAll(job))
	}
	return reduction
}

// estimates says what large populations take.
func (b *bench) estimates(w *bytes.Buffer, structured, offline perPart, reduction float64) {
	const asked = 10_000
	plan := exec.Command(b.program, strings.Fields(fmt.Sprintf("plan specs/moldova.cue -n %d --provider openai --model gpt-4.1-mini --json", asked))...)
	data, err := plan.Output()
	check(err)
	var forecast struct {
		Run struct {
			Texts struct {
				Calls  []struct{ Persons float64 }
				Tokens struct{ Completion float64 }
				Offers []struct {
					Model         string
					Full          float64
					Cached, Batch *float64
				}
			}
		}
	}
	check(json.Unmarshal(data, &forecast))
	texts := forecast.Run.Texts
	cheapest, way := texts.Offers[0], "at full price"
	price := cheapest.Full
	if cheapest.Cached != nil && *cheapest.Cached < price {
		price, way = *cheapest.Cached, "with the prefix cached"
	}
	if cheapest.Batch != nil && *cheapest.Batch < price {
		price, way = *cheapest.Batch, "in batches"
	}
	calls := 0.0
	for _, c := range texts.Calls {
		calls += c.Persons
	}
	const callSeconds, charsPerToken = 300e-6, 3.0 // of the section Model client; as an estimate of tokens has it
	fmt.Fprintf(w, "\n### Large populations\n\n`specs/moldova.cue` in Parquet, in parts of %d. Processor seconds and bytes of a part are measured above, with texts from the phrase banks on parts of the same population; the rows are derived from them by multiplication. Texts by a model cost what `plan` estimates for %d persons with the cheapest model of the price table, which is %s %s; their processor time is %.0f µs a call more than that of no texts (Model client). One billion is the limit of the command line, since ranks of persons are 32-bit integers.\n\n", partRows, asked, cheapest.Model, way, callSeconds*1e6)
	fmt.Fprintf(w, "| persons | texts | parts | core hours | GB | US dollars |\n| ---: | --- | ---: | ---: | ---: | ---: |\n")
	persons := func(n float64) string { return humanize.Thousands(int64(n)) }
	for _, n := range []float64{1e7, 1e8, 1e9} {
		parts := float64(count(int(n), partRows))
		hours := func(p perPart) float64 { return (p.processor*parts + reduction*n) / 3600 }
		gb := func(p perPart) float64 { return p.bytes * n / partRows / 1e9 }
		fmt.Fprintf(w, "| %s | none | %.0f | %.2f (derived) | %.1f (derived) | 0 |\n", persons(n), parts, hours(structured), gb(structured))
		fmt.Fprintf(w, "| %s | phrase banks | %.0f | %.2f (derived) | %.1f (derived) | 0 |\n", persons(n), parts, hours(offline), gb(offline))
		fmt.Fprintf(w, "| %s | by a model | %.0f | %.2f (derived) | at most %.1f (derived, uncompressed texts) | %.0f (derived) |\n", persons(n), parts,
			hours(structured)+calls/asked*n*callSeconds/3600, gb(structured)+texts.Tokens.Completion/asked*n*charsPerToken/1e9, price/asked*n)
	}
	fmt.Fprintf(w, "\nMeasured: a part without texts %.2f processor seconds and %.2f MB, with texts from the phrase banks %.2f and %.2f MB; reductions %.2f µs a person.\n", structured.processor, structured.bytes/1e6, offline.processor, offline.bytes/1e6, reduction*1e6)
}
