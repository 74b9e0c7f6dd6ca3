package prompt_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/internal/prompt"
)

// TestTemplatesAreBounded executes templates that would loop or grow without end.
func TestTemplatesAreBounded(t *testing.T) {
	const double = `{{ $d := .hue }}{{ range until 60 }}{{ $d = `
	for _, text := range []string{
		`{{ range 9000000000000000000 }}{{ end }}`,
		`{{ range until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}`,
		`{{ range 99999 }}{{ range 99999 }}{{ range 99999 }}{{ continue }}{{ end }}{{ end }}{{ end }}`,
		`{{ range 999999999 }}x{{ end }}`,
		`{{ repeat 2000000000 "x" }}`,
		`{{ repeat 900000 "x" | repeat 900000 }}`,
		`{{ repeat 9223372036854775807 "xx" }}`,
		`{{ indent 2000000000 "x" }}`, `{{ nindent 2000000000 "x" }}`,
		`{{ until 2000000000 }}`, `{{ untilStep 0 9000000000000000000 1 }}`, `{{ untilStep 0 -9000000000000000000 -1 }}`,
		`{{ untilStep 0 9223372036854775807 9223372036854775806 }}`,
		`{{ seq 2000000000 }}`, `{{ seq 1 9000000000000000000 }}`, `{{ seq 0 1 2000000000 }}`, `{{ seq 2000000000 1 }}`, `{{ seq 0 -2000000000 }}`,
		`{{ printf "%1000000d%1000000d%1000000d" 1 2 3 }}`, `{{ printf "%.1000000f%.1000000f" 0.1 0.2 }}`,
		`{{ printf "%*d%*d%*d" 900000 1 900000 1 900000 1 }}`,
		`{{ $x := repeat 10000 "x" }}{{ printf (repeat 1000 "%[1]s") $x }}`,
		`{{ wrapWith 1 (repeat 10000 "x") (repeat 10000 "y z ") }}`,
		`{{ replace "x" (repeat 10000 "y") (repeat 10000 "x") }}`, `{{ replace "" (repeat 10000 "y") (repeat 10000 "x") }}`,
		`{{ regexReplaceAll "" (repeat 10000 "x") (repeat 10000 "y") }}`, `{{ regexReplaceAllLiteral "" (repeat 10000 "x") (repeat 10000 "y") }}`,
		`{{ regexReplaceAll ".+" (repeat 10000 "x") (repeat 10000 "$0") }}`,
		`{{ regexMatch (repeat 40000 "((a{9}){9}){9}") "a" }}`,
		`{{ join (repeat 10000 "x") (until 10000) }}`,
		double + `print $d $d }}{{ end }}{{ len $d }}`, double + `printf "%s%s" $d $d }}{{ end }}{{ len $d }}`,
		double + `println $d $d }}{{ end }}{{ len $d }}`, double + `cat $d $d }}{{ end }}{{ len $d }}`,
		double + `join $d (list $d $d) }}{{ end }}{{ len $d }}`, double + `quote (quote $d) }}{{ end }}{{ len $d }}`,
		double + `list $d $d }}{{ end }}{{ toJson $d }}`, double + `list $d $d }}{{ end }}{{ $d }}`,
		double + `dict "a" $d "b" $d }}{{ end }}{{ toPrettyJson $d }}`, double + `list $d $d }}{{ end }}{{ print $d }}`,
		double + `list $d $d }}{{ end }}{{ html $d }}`, double + `list $d $d }}{{ end }}{{ js $d }}`, double + `list $d $d }}{{ end }}{{ urlquery $d }}`,
		double + `list $d $d }}{{ end }}{{ toString $d }}`, double + `list $d $d }}{{ end }}{{ uniq (list $d $d) }}`, double + `list $d $d }}{{ end }}{{ quote $d }}`,
		double + `html $d }}{{ end }}{{ range 90000 }}{{ $d }}{{ $d }}{{ $d }}{{ $d }}{{ $d }}{{ end }}`,
		`{{ $d := list }}{{ range 90000 }}{{ $d = append $d "x" }}{{ end }}`, `{{ $d := list }}{{ range 90000 }}{{ $d = list $d }}{{ end }}{{ toJson $d }}`,
		`{{ uniq (until 90000) }}`, `{{ splitList "" (repeat 900000 "x") | uniq }}`, `{{ $x := repeat 900000 "x" }}{{ range 90000 }}{{ if upper $x }}{{ end }}{{ end }}`,
		strings.Repeat(`{{ $d := repeat 1000 "x" }}{{ $d }}{{ $d }}`, 1000),
	} {
		tmpl, faults := prompt.Parse("t", text, known)
		name := text[:min(len(text), 90)]
		if len(faults) > 0 {
			t.Errorf("%s: got %v", name, faults)
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		err := tmpl.Execute(context.Background(), io.Discard, row)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		var fault *prompt.Fault
		if !errors.As(err, &fault) || !fault.Exhausted || fault.Hint == "" {
			t.Errorf("%s: got error %v, want one about the limits", name, err)
		}
		if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 100<<20 {
			t.Errorf("%s: allocates %d MB, garbage included", name, grown>>20)
		}
		if took > 2*time.Second { // 200 ms on an idle machine
			t.Errorf("%s: takes %v", name, took)
		}
		t.Logf("%8.1f ms %5d KB %s", float64(took)/1e6, (after.TotalAlloc-before.TotalAlloc)>>10, name)
	}
}

// A template that many persons share has the whole budget for each.
func TestEachExecutionHasItsOwnBudget(t *testing.T) {
	tmpl, faults := prompt.Parse("t", `{{ range until 900 }}{{ repeat 500 "x" }}{{ end }}`, known)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for range 5 {
		var b strings.Builder
		if err := tmpl.Execute(context.Background(), &b, row); err != nil || b.Len() != 450_000 {
			t.Fatalf("got %d bytes, error %v", b.Len(), err)
		}
	}
}

func TestSignalsStopTemplates(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tmpl, _ := prompt.Parse("t", `{{ range 90000 }}{{ end }}`, known)
	if err := tmpl.Execute(ctx, io.Discard, row); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func FuzzExecuteIsBounded(f *testing.F) {
	for _, text := range []string{`{{ range 9000000000000000000 }}{{ end }}`, `{{ printf "%*d" 99 1 }}`, `{{ replace "a" "b" "c" }}`, `{{ untilStep 0 9 0 }}`, `{{ seq 5 }}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, _ := prompt.Parse("t", text, known)
		if tmpl == nil {
			return
		}
		start := time.Now()
		var out strings.Builder
		tmpl.Execute(context.Background(), &out, row)
		if took := time.Since(start); took > 5*time.Second || out.Len() > prompt.MaxBytes {
			t.Errorf("took %v, wrote %d bytes", took, out.Len())
		}
	})
}
