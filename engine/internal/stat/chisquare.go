package check

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/personagen/personagen/engine/internal/sketch"
)

// chiSquareTail returns the chance that a chi-square variable with df degrees
// of freedom is at least x. It is the regularised upper incomplete gamma
// function itself, not one minus the lower: right in the far tail.
func chiSquareTail(x, df float64) float64 {
	if df <= 0 || x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// chiSquare returns Pearson's statistic; every expected count is above 0.
func chiSquare(observed, expected []float64) float64 {
	x := 0.0
	for i, e := range expected {
		d := observed[i] - e
		x += float64(d*d) / e
	}
	return x
}

// association returns Pearson's statistic of a table (rows x columns,
// row-major), its degrees of freedom and Cramér's V. Empty rows and columns do
// not count.
func association(table []float64, columns int) (x, df, v float64) {
	rowSum, columnSum, n := sums(table, columns)
	if n == 0 {
		return 0, 0, 0
	}
	for i, rs := range rowSum {
		for j, cs := range columnSum {
			if e := rs * cs / n; e > 0 {
				d := table[i*columns+j] - e
				x += float64(d*d) / e
			}
		}
	}
	r, c := float64(positive(rowSum)), float64(positive(columnSum))
	df = (r - 1) * (c - 1)
	if k := min(r, c) - 1; k > 0 {
		v = math.Sqrt(x / n / k)
	}
	return x, df, v
}

func sums(table []float64, columns int) (rowSum, columnSum []float64, n float64) {
	rowSum, columnSum = make([]float64, len(table)/columns), make([]float64, columns)
	for i, v := range table {
		rowSum[i/columns] += v
		columnSum[i%columns] += v
		n += v
	}
	return rowSum, columnSum, n
}

func positive(v []float64) int {
	n := 0
	for _, x := range v {
		if x > 0 {
			n++
		}
	}
	return n
}

// deviance returns the likelihood-ratio statistic G² of a table against
// independence of its rows and columns, divided by Williams' correction
// (Williams, "Improved likelihood ratio tests for complete contingency tables",
// Biometrika 63, 1976), and its degrees of freedom.
//
// No test fails by Pearson's statistic alone, whose far tail is wrong when
// expected counts are small: of 18 seen where 5 are expected Pearson's says 6e-9
// and the truth is 5e-6; this says 7e-6.
func deviance(table []float64, columns int) (g, df float64) {
	rowSum, columnSum, n := sums(table, columns)
	r, c := float64(positive(rowSum)), float64(positive(columnSum))
	df = (r - 1) * (c - 1)
	if df <= 0 {
		return 0, 0
	}
	for i, o := range table {
		if o > 0 {
			g += 2 * o * math.Log(o/(rowSum[i/columns]*columnSum[i%columns]/n))
		}
	}
	q := 1 + float64((inverse(rowSum, n)-1)*(inverse(columnSum, n)-1))/(6*n*df)
	return max(0, g) / q, df
}

func inverse(sums []float64, n float64) float64 {
	t := 0.0
	for _, s := range sums {
		if s > 0 {
			t += n / s
		}
	}
	return t
}

// conditional returns Pearson's statistic of a table of more than three persons
// with its exact mean and variance, given rows and columns, when they are
// independent (Dawson, "A simplified expression for the variance of the χ²
// function on a contingency table", Biometrika 41, 1954). In many small tables
// the mean, df·n/(n-1), matters: 14 % more than df at eight persons.
func conditional(table []float64, columns int) (x, mean, variance float64) {
	x, df, _ := association(table, columns)
	rowSum, columnSum, n := sums(table, columns)
	terms := func(sums []float64) (v, w float64) {
		k := float64(positive(sums))
		return (k - 1) * (n - k) / (n - 1), (inverse(sums, n) - float64(k*k)) / (n - 2)
	}
	v1, w1 := terms(rowSum)
	v2, w2 := terms(columnSum)
	mean = df * n / (n - 1)
	variance = float64(2*n/(n-3)*(v1-w1)*(v2-w2)) + n*n/(n-1)*w1*w2
	return x, mean, variance
}

// goodness returns the deviance of counts against a distribution.
func goodness(observed, expected []float64) (g, df float64) {
	df = float64(len(expected) - 1)
	if df <= 0 {
		return 0, 0
	}
	n, t := 0.0, 0.0
	for _, e := range expected {
		n += e
	}
	for i, o := range observed {
		if o > 0 {
			g += 2 * o * math.Log(o/expected[i])
		}
		t += n / expected[i]
	}
	q := 1 + (t-1)/(6*n*df)
	return max(0, g) / q, df
}

// pool returns for each cell the number of its pool: cells are joined in
// ascending order of weight until each pool weighs at least 1. A remainder
// joins the pool before it. Cells of weight 0 belong to no pool (-1).
func pool(weight []float64) (of []int, pools, joined int) {
	of = make([]int, len(weight))
	var order []int
	for i, w := range weight {
		of[i] = -1
		if w > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(weight[x], weight[y]) })
	sum := 0.0
	var size []int
	for _, i := range order {
		if sum == 0 {
			size = append(size, 0)
		}
		of[i] = len(size) - 1
		size[of[i]]++
		if sum += weight[i]; sum >= 1-1e-9 {
			sum = 0
		}
	}
	if sum > 0 && len(size) > 1 {
		last := len(size) - 1
		for i := range of {
			if of[i] == last {
				of[i] = last - 1
			}
		}
		size[last-1] += size[last]
		size = size[:last]
	}
	for _, n := range size {
		if n > 1 {
			joined += n
		}
	}
	return of, len(size), joined
}

// pooled adds cells up by pool.
func pooled(cells []float64, of []int, pools int) []float64 {
	out := make([]float64, pools)
	for i, p := range of {
		if p >= 0 {
			out[p] += cells[i]
		}
	}
	return out
}

// holm adjusts p-values for their number (Holm, "A simple sequentially
// rejective multiple test procedure", 1979).
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(p[x], p[y]) })
	out := make([]float64, len(p))
	most := 0.0
	for k, i := range order {
		most = max(most, min(1, float64(len(p)-k)*p[i]))
		out[i] = most
	}
	return out
}

// Half-widths of an interval in standard errors: 95 %, and as good as certain
// (one in a million is outside by chance).
const (
	usual   = 1.959963984540054
	certain = 4.891638475698591
)

// wilson returns the interval of a share (Wilson, "Probable inference, the law
// of succession, and statistical inference", 1927).
func wilson(hits, n int64, z float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m := float64(hits)/float64(n), float64(n)
	centre := p + z*z/(2*m)
	half := z * math.Sqrt(float64(p*(1-p)/m)+float64(z*z)/(4*m*m))
	scale := 1 + z*z/m
	return max(0, (centre-half)/scale), min(1, (centre+half)/scale)
}

// Monte-Carlo draws at most, and the draws at least as extreme after which the
// answer is clear (Besag and Clifford, "Sequential Monte Carlo p-values", 1991).
const (
	mostDraws  = 1999
	enoughHits = 20
)

// monteCarlo returns the share of random samples whose statistic is at least
// x, and how many it drew. Each draw is a multinomial made of binomials.
func monteCarlo(x float64, expected []float64, n int64, source rand.Source) (p float64, draws int) {
	total := 0.0
	for _, e := range expected {
		total += e
	}
	counts := make([]float64, len(expected))
	hits := 0
	for draws < mostDraws {
		draws++
		left, rest := n, total
		for i, e := range expected {
			k := left
			if i < len(expected)-1 {
				k = binomial(left, e/rest, source)
			}
			counts[i] = float64(k)
			left, rest = left-k, rest-e
		}
		if chiSquare(counts, expected) >= x {
			if hits++; hits == enoughHits {
				return float64(hits) / float64(draws), draws
			}
		}
	}
	return float64(hits+1) / float64(draws+1), draws
}

func binomial(n int64, p float64, source rand.Source) int64 {
	if n == 0 || p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	return int64(distuv.Binomial{N: float64(n), P: p, Src: source}.Rand())
}

func tidy(x float64) float64 { return sketch.Tidy(x) }
