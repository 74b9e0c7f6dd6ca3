package kind

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/personagen/personagen/engine/internal/rng"
)

// within checks that got is want up to a relative error.
func within(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*max(math.Abs(want), 1e-300) {
		t.Errorf("%s: got %.17g, want %.17g", what, got, want)
	}
}

// The reference is Go's own functions, which are accurate to about one unit in the
// last place.
func TestPortableFunctions(t *testing.T) {
	for x := -700.0; x < 700; x += 0.37 {
		within(t, fmt.Sprintf("exp(%v)", x), exp(x), math.Exp(x), 1e-15)
		y := math.Exp(x)
		if math.Abs(log(y)-math.Log(y)) > 4e-16*max(1, math.Abs(x)) {
			t.Errorf("log(%v): got %v, want %v", y, log(y), math.Log(y))
		}
	}
	for z := -37.0; z <= 8; z += 0.013 {
		within(t, fmt.Sprintf("normalCDF(%v)", z), normalCDF(z), math.Erfc(-z/math.Sqrt2)/2, 1e-12)
	}
	for p := 1e-300; p < 0.5; p *= 1.7 {
		within(t, fmt.Sprintf("normalQuantile(%v)", p), normalQuantile(p), distuv.UnitNormal.Quantile(p), 2e-15)
		within(t, fmt.Sprintf("normalCDF(normalQuantile(%v))", p), normalCDF(normalQuantile(p)), p, 1e-11)
	}
	for _, x := range []float64{exp(-800) - 0, exp(math.Inf(-1)), normalCDF(math.Inf(-1)), 1 - normalCDF(math.Inf(1)), normalQuantile(0.5), exp(0) - 1, log(1)} {
		if x != 0 {
			t.Errorf("got %v, want 0", x)
		}
	}
	if !math.IsInf(exp(800), 1) {
		t.Errorf("exp(800): got %v, want +Inf", exp(800))
	}
}

// Wichura gives normalQuantile(0.25), (0.001) and (1e-20) to sixteen digits.
func TestNormalQuantileKnownAnswers(t *testing.T) {
	within(t, "0.25", normalQuantile(0.25), -0.6744897501960817, 1e-15)
	within(t, "0.001", normalQuantile(0.001), -3.090232306167814, 1e-15)
	within(t, "1e-20", normalQuantile(1e-20), -9.262340089798408, 1e-15)
}

func TestShapes(t *testing.T) {
	for _, c := range []struct {
		shape     Shape
		reference interface{ CDF(float64) float64 }
		lowest    float64
		highest   float64
	}{
		{Shape{Kind: Normal, A: 3, B: 2}, distuv.Normal{Mu: 3, Sigma: 2}, -4, 10},
		{Shape{Kind: Lognormal, A: 1, B: 0.5}, distuv.LogNormal{Mu: 1, Sigma: 0.5}, 0.4, 15},
		{Shape{Kind: Beta, A: 2, B: 0.7, High: 1}, distuv.Beta{Alpha: 2, Beta: 0.7}, 0.01, 0.999},
		{Shape{Kind: Uniform, A: -1, B: 4}, distuv.Uniform{Min: -1, Max: 4}, -0.99, 3.99},
	} {
		for x := c.lowest; x < c.highest; x += (c.highest - c.lowest) / 50 {
			within(t, fmt.Sprintf("%v at %v", c.shape, x), c.shape.CDF(x), c.reference.CDF(x), 1e-9)
			within(t, fmt.Sprintf("Quantile(CDF) of %v at %v", c.shape, x), c.shape.Quantile(c.shape.CDF(x)), x, 1e-7)
		}
	}
}

// Quantile and CDF of a truncated distribution are inverse, in far tails too.
func TestTruncated(t *testing.T) {
	limit := func(low, high float64) Limits { return Limits{Min: &low, Max: &high, Decimals: -1} }
	for _, c := range []struct {
		shape Shape
		l     Limits
	}{
		{Shape{Kind: Normal, A: 0, B: 1}, limit(-1, 2)},
		{Shape{Kind: Normal, A: 0, B: 1}, limit(5, 6)},
		{Shape{Kind: Normal, A: 0, B: 1}, limit(-6, -5)},
		{Shape{Kind: Lognormal, A: 0, B: 1}, limit(-3, 0.5)},
		{Shape{Kind: Lognormal, A: 0, B: 1}, limit(20, 100)},
		{Shape{Kind: Beta, A: 2, B: 3, Low: 0, High: 2}, limit(0.5, 1)},
		{Shape{Kind: Uniform, A: 0, B: 10}, limit(2, 3)},
	} {
		d := newTruncated(c.shape, c.l)
		last := math.Inf(-1)
		for u := 0.001; u < 1; u += 0.001 {
			x := d.quantile(u)
			if x < *c.l.Min || x > *c.l.Max || x <= last {
				t.Fatalf("%v: quantile(%v): got %v, want it within the limits and above %v", c.shape, u, x, last)
			}
			last = x
			within(t, fmt.Sprintf("%v %v: cdf(quantile)", c.shape, u), d.cdf(x), u, 1e-8)
			within(t, fmt.Sprintf("%v %v: fromScore", c.shape, u), d.fromScore(normalQuantile(u)), x, 1e-6)
		}
		within(t, "cdf(min)", 1+d.cdf(*c.l.Min), 1, 1e-12)
		within(t, "cdf(max)", d.cdf(*c.l.Max+1), 1, 1e-12)
	}
	// From 5 to 6 standard deviations: the probability by high-precision arithmetic.
	d := newTruncated(Shape{Kind: Normal, B: 1}, limit(5, 6))
	within(t, "mass", d.mass, 2.8566498423e-7, 1e-9)
}

// kolmogorov returns the Kolmogorov-Smirnov statistic of values against the uniform
// distribution, times the square root of their number. It is above 2.225 with
// probability 1e-4.
func kolmogorov(values []float64) float64 {
	slices.Sort(values)
	n := float64(len(values))
	var worst float64
	for i, v := range values {
		worst = max(worst, v-float64(i)/n, float64(i+1)/n-v)
	}
	return worst * math.Sqrt(n)
}

const mostKolmogorov = 2.225

func TestNumbersFollowDistribution(t *testing.T) {
	const head = "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\", \"East\"]}\n n: {kind: \"number\", "
	for _, stanza := range []string{
		`normal: {mean: 170, sd: 10}`,
		`normal: {mean: 170, sd: 10}, min: 165, max: 171, round: 0.5`,
		`normal: {mean: 0, sd: 1}, min: 4`,
		`lognormal: {mean: 1000, sigma: 1.5}`,
		`lognormal: {median: 10, sigma: 0.2}, max: 12, round: 1`,
		`beta: {alpha: 0.6, beta: 3}`,
		`beta: {alpha: 2, beta: 5}, min: 10, max: 20, round: 0.01`,
		`uniform: {low: -5, high: 5}, min: 0, round: 2.5`,
		`normal: {mean: 10, sd: 1}, cases: [{when: zone: "East", uniform: {low: 0, high: 5}}], scale: [{by: "zone", factors: {South: 3}, other: 2}]`,
		`cases: [{when: zone: "East", lognormal: {mean: 5, sigma: 1}}, {when: zone: !="South", beta: {alpha: 2, beta: 2}}], scale: [{by: "zone", factors: {East: 3, North: 0.5}}], round: 0.1, max: 30`,
	} {
		t.Run(stanza, func(t *testing.T) {
			fields := must(t, head+stanza+"}\n}", nil)
			env := Env{Seed: 11}
			const n = 50_000
			b := fill(t, fields, env, 0, n)
			env.Fields, env.Field = fields, fields[1]
			low, high := make([]float64, n), make([]float64, n)
			fields[1].Scorer(&env).Score(b, &b.Columns[1], low, high)
			var uniform []float64
			between := rng.New(1, "between")
			for r := range n {
				if null := b.Columns[1].IsNull(b.Schema[1].Type, r); null != math.IsNaN(low[r]) {
					t.Fatalf("row %d: got score %v of a value that is null: %v", r, low[r], null)
				} else if !null {
					uniform = append(uniform, low[r]+(high[r]-low[r])*rng.Float64(between.Uint64(int64(r))))
				}
			}
			if d := kolmogorov(uniform); d > mostKolmogorov {
				t.Errorf("got distance %.3f of %d values, want at most %g", d, len(uniform), mostKolmogorov)
			}
		})
	}
	if f := must(t, "fields: hue: {kind: \"choice\", values: {red: 1}}", nil); f[0].Scorer(&Env{}) != nil {
		t.Error("got a scorer of a choice, want nil")
	}
}

// TestNumbersFollowDistribution can fail: it notices a small error of the mean.
func TestScoresShowWrongDistribution(t *testing.T) {
	fields := must(t, `fields: n: {kind: "number", normal: {mean: 170, sd: 10}}`, nil)
	env := Env{Seed: 11, Fields: fields, Field: fields[0]}
	b := fill(t, fields, env, 0, 50_000)
	fields[0].Program.(*number).Shapes[0].A += 0.3
	low, high := make([]float64, b.N), make([]float64, b.N)
	fields[0].Scorer(&env).Score(b, &b.Columns[0], low, high)
	if d := kolmogorov(low); d < mostKolmogorov {
		t.Errorf("got distance %.3f with a mean that is wrong by 0.03 sd, want at least %g", d, mostKolmogorov)
	}
}

func TestMeans(t *testing.T) {
	for stanza, want := range map[string]float64{
		`lognormal: {mean: 50, sigma: 0.4}`: 50,
		`normal: {mean: 50, sd: 5}, scale: [{by: "zone", factors: {North: 2}, other: 3}, {by: "zone", factors: {North: 0.5}}]`:                50,
		`lognormal: {mean: 50, sigma: 0.4}, scale: [{by: "zone", factors: {North: 2}}]`:                                                       100,
		`lognormal: {median: 50, sigma: 0.4}, scale: [{by: "zone", factors: {North: 2}}]`:                                                     100 * math.Exp(0.08),
		`uniform: {low: 10, high: 20}, scale: [{by: "zone", factors: {North: 2}}]`:                                                            30,
		`beta: {alpha: 1, beta: 3}, scale: [{by: "zone", factors: {North: 2}}]`:                                                               0.5,
		`normal: {mean: 1, sd: 1}, cases: [{when: zone: "North", normal: {mean: 7, sd: 1}}, {when: zone: "North", normal: {mean: 9, sd: 1}}]`: 7,
	} {
		fields := must(t, "fields: {\n zone: {kind: \"category\", values: [\"North\"]}\n n: {kind: \"number\", "+stanza+"}\n}", nil)
		values := fill(t, fields, Env{Seed: 12}, 0, 100_000).Columns[1].Floats
		mean, sd := stat.MeanStdDev(values, nil)
		if math.Abs(mean-want) > 4*sd/math.Sqrt(1e5) {
			t.Errorf("%s: got mean %v, want %v within four standard errors", stanza, mean, want)
		}
	}
}

// Every value is the float nearest to a decimal multiple of the step, and within
// the limits, which need not be multiples.
func TestRounding(t *testing.T) {
	for _, c := range []struct {
		limits   string
		decimals int
		want     []float64 // all values, nil if there are many
	}{
		{"round: 1, min: -1.5, max: 2.9", 0, []float64{-1, 0, 1, 2}},
		{"round: 0.1, min: 0.2, max: 0.6", 1, []float64{0.2, 0.3, 0.4, 0.5, 0.6}},
		{"round: 0.25, min: 0.1, max: 0.9", 2, []float64{0.25, 0.5, 0.75}},
		{"round: 2.5, min: 0, max: 5", 1, []float64{0, 2.5, 5}},
		{"round: 100, min: -150, max: 100", 0, []float64{-100, 0, 100}},
		{"min: 0, max: 1", -1, nil},
	} {
		fields := must(t, "fields: n: {kind: \"number\", normal: {mean: 0, sd: 50}, "+c.limits+"}", nil)
		if fields[0].Decimals != c.decimals {
			t.Errorf("%s: got %d decimals, want %d", c.limits, fields[0].Decimals, c.decimals)
		}
		values := slices.Clone(fill(t, fields, Env{Seed: 13}, 0, 5000).Columns[0].Floats)
		slices.Sort(values)
		if values[0] < *fields[0].Program.(*number).Limits.Min || values[len(values)-1] > *fields[0].Program.(*number).Limits.Max {
			t.Errorf("%s: got values from %v to %v, want them within the limits", c.limits, values[0], values[len(values)-1])
		}
		if c.want != nil {
			if d := cmp.Diff(c.want, slices.Compact(values)); d != "" {
				t.Errorf("%s:\n%s", c.limits, d)
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	for step, want := range map[float64]int{1: 0, 100: 0, 0.01: 2, 2.5: 1, 0.125: 3, 1e-12: 12, 1e-13: -1, 1.0 / 3: -1} {
		if got := decimals(step); got != want {
			t.Errorf("%v: got %d decimals, want %d", step, got, want)
		}
	}
}

// Normal scores have the correlations of the matrix, for all distributions.
func TestCorrelations(t *testing.T) {
	want := [][]float64{{1, 0.7, -0.3, 0.2}, {0.7, 1, 0.1, 0}, {-0.3, 0.1, 1, -0.5}, {0.2, 0, -0.5, 1}}
	fields := must(t, `fields: {
		a: {kind: "number", normal: {mean: 5, sd: 2}}
		b: {kind: "number", lognormal: {mean: 5, sigma: 1}}
		c: {kind: "number", beta: {alpha: 2, beta: 5}}
		d: {kind: "number", uniform: {low: 0, high: 1}}
		free: {kind: "number", uniform: {low: 0, high: 1}}
	}
	correlations: m: {fields: ["a", "b", "c", "d"], matrix: [[1, 0.7, -0.3, 0.2], [0.7, 1, 0.1, 0], [-0.3, 0.1, 1, -0.5], [0.2, 0, -0.5, 1]]}`, nil)
	const n = 50_000
	env := Env{Seed: 14, Fields: fields}
	b := fill(t, fields, env, 0, n)
	scores := mat.NewDense(n, 5, nil)
	for i, f := range fields {
		env.Field = f
		low, high := make([]float64, n), make([]float64, n)
		f.Scorer(&env).Score(b, &b.Columns[i], low, high)
		for r, u := range low {
			scores.Set(r, i, normalQuantile(u))
		}
		if d := kolmogorov(low); d > mostKolmogorov {
			t.Errorf("%s: got distance %.3f from its distribution, want at most %g", f.Name, d, mostKolmogorov)
		}
	}
	var got mat.SymDense
	stat.CorrelationMatrix(&got, scores, nil)
	for i := range 5 {
		for j := range i {
			r := 0.0
			if i < 4 {
				r = want[i][j]
			}
			// Four standard errors of a correlation coefficient.
			if math.Abs(got.At(i, j)-r) > 4*(1-r*r)/math.Sqrt(n) {
				t.Errorf("%s and %s: got correlation %.4f, want %v", fields[i].Name, fields[j].Name, got.At(i, j), r)
			}
		}
	}
}

func TestCholesky(t *testing.T) {
	m := [][]float64{{1, 0.5, 0.2}, {0.5, 1, -0.4}, {0.2, -0.4, 1}}
	factor, ok := cholesky(m)
	if !ok {
		t.Fatal("got no factor of a positive definite matrix")
	}
	for i := range m {
		for j := range i + 1 {
			var sum float64
			for k := range j + 1 {
				sum += factor[i][k] * factor[j][k]
			}
			if math.Abs(sum-m[i][j]) > 1e-15 {
				t.Errorf("row %d, column %d: got %v, want %v", i, j, sum, m[i][j])
			}
		}
	}
}

func TestNumberFaults(t *testing.T) {
	const head = "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\"]}\n hue: {kind: \"template\", text: \"red\"}\n n: {kind: \"number\", "
	for _, c := range []struct{ name, stanza, want string }{
		{"range", `normal: {mean: 1, sd: 1}, min: 3, max: 2`, "spec.cue:5:53 empty-range: min 3 is not below max 2 | swap them, or make the field a constant"},
		{"round", `normal: {mean: 1, sd: 1}, min: 2.1, max: 2.9, round: 1`, "spec.cue:5:75 round-too-wide: no multiple of 1 is between min 2.1 and max 2.9 | round to a smaller step"},
		{"uniform", `uniform: {low: 2, high: 2}`, "spec.cue:5:31 empty-range: low 2 is not below high 2 | swap them"},
		{"beta", `beta: {alpha: 1, beta: 1}, min: 1`, "spec.cue:5:28 empty-range: the range of the beta distribution, 1 to 1, is empty | give both min and max"},
		{"factor label", `normal: {mean: 1, sd: 1}, scale: [{by: "zone", factors: {Nort: 2}}]`, "spec.cue:5:79 unknown-label: \"Nort\" is not a value of field \"zone\" | did you mean \"North\"?"},
		{"factor field", `normal: {mean: 1, sd: 1}, scale: [{by: "hue", factors: {red: 2}}]`,
			"spec.cue:5:61 not-finite: field \"hue\" is a template, which has no finite list of values | use a category, integer, group or constant"},
		{"case field", `cases: [{when: zoen: "North", normal: {mean: 1, sd: 1}}]`, "spec.cue:5:37 unknown-field: no field is called \"zoen\" | did you mean \"zone\"?"},
		{"case label", `cases: [{when: zone: "Nort", normal: {mean: 1, sd: 1}}]`, "spec.cue:5:37 never-holds: no value of field \"zone\" satisfies \"Nort\" | did you mean \"North\"?"},
		{"outside", `normal: {mean: 0, sd: 1}, min: 10`, "spec.cue:5:2 outside-limits: the distribution has almost no probability between min and max | widen the limits, or check the parameters"},
		{"outside in a case", `normal: {mean: 10, sd: 1}, min: 5, cases: [{when: zone: "North", uniform: {low: 0, high: 3}}]`,
			"spec.cue:5:65 outside-limits: the distribution where zone: \"North\" has almost no probability between min and max | widen the limits, or check the parameters"},
		{"outside with a factor", `lognormal: {median: 10, sigma: 0.1}, max: 50, scale: [{by: "zone", factors: {North: 10}}]`,
			"spec.cue:5:2 outside-limits: the distribution times 10 has almost no probability between min and max | widen the limits, or check the parameters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := compile(t, head+c.stanza+"}\n}", nil)
			if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCorrelationFaults(t *testing.T) {
	const head = `fields: {
		zone: {kind: "category", values: ["North"]}
		wage: {kind: "number", normal: {mean: 1, sd: 1}}
		rent: {kind: "number", normal: {mean: 1, sd: 1}}
		food: {kind: "number", normal: {mean: 1, sd: 1}}
	}
	correlations: `
	for _, c := range []struct{ name, stanza, want string }{
		{"rows", `m: {fields: ["wage", "rent"], matrix: [[1, 0]]}`, "spec.cue:8:16 bad-matrix: the matrix of correlation \"m\" has 1 rows for 2 fields | give one row per field"},
		{"figures", `m: {fields: ["wage", "rent"], matrix: [[1, 0], [0]]}`, "spec.cue:8:16 bad-matrix: the matrix of correlation \"m\" has 1 values in row 2 for 2 fields | give one value per field"},
		{"diagonal", `m: {fields: ["wage", "rent"], matrix: [[1, 0], [0, 0.9]]}`, "spec.cue:8:16 bad-matrix: the matrix of correlation \"m\" has 0.9 for rent with itself | write 1"},
		{"beyond", `m: {fields: ["wage", "rent"], matrix: [[1, 1.2], [1.2, 1]]}`, "spec.cue:8:16 bad-matrix: the matrix of correlation \"m\" has 1.2 for wage with rent, but correlations are between -1 and 1 | correct it"},
		{"asymmetric", `m: {fields: ["wage", "rent"], matrix: [[1, 0.3], [0.4, 1]]}`, "spec.cue:8:16 bad-matrix: the matrix of correlation \"m\" has 0.4 for rent with wage, but 0.3 in the opposite cell | make the two equal"},
		{"contradiction", `m: {fields: ["wage", "rent", "food"], matrix: [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]}`,
			"spec.cue:8:16 not-positive-definite: the matrix of correlation \"m\" is not positive definite: no numbers can have these correlations (least eigenvalue -0.8) | the coefficients contradict each other; multiplying those off the diagonal by 0.55 would make it positive definite"},
		{"singular", `m: {fields: ["wage", "rent"], matrix: [[1, 1], [1, 1]]}`,
			"spec.cue:8:16 not-positive-definite: the matrix of correlation \"m\" is not positive definite: no numbers can have these correlations (least eigenvalue 0) | the coefficients contradict each other; multiplying those off the diagonal by 0.99 would make it positive definite"},
		{"not a number", `m: {fields: ["wage", "zone"], matrix: [[1, 0], [0, 1]]}`, "spec.cue:8:37 not-a-number: correlation \"m\": \"zone\" is not a number field | the number fields are [wage rent food]"},
		{"typo", `m: {fields: ["wage", "retn"], matrix: [[1, 0], [0, 1]]}`, "spec.cue:8:37 not-a-number: correlation \"m\": \"retn\" is not a number field | did you mean \"rent\"?"},
		{"twice", `{m: {fields: ["wage", "rent"], matrix: [[1, 0], [0, 1]]}, o: {fields: ["food", "wage"], matrix: [[1, 0], [0, 1]]}}`,
			"spec.cue:8:95 correlated-twice: \"wage\" is already in correlation \"m\" | use one matrix for the fields of both"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := compile(t, head+c.stanza, nil)
			if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
				t.Error(d)
			}
		})
	}
}
