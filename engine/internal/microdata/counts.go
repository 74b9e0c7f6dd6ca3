package microdata

// Counts are the records of a survey, counted over some variables. Cells are row-major.
type Counts struct {
	Sizes   []int     // values of each variable
	Records []int64   // per cell
	Weight  []float64 // per cell: the sum of the weights
	square  float64   // of all weights
	total   float64
	all     int64
}

// NewCounts returns counts over variables with so many values.
func NewCounts(sizes ...int) *Counts {
	n := 1
	for _, s := range sizes {
		n *= s
	}
	return &Counts{Sizes: sizes, Records: make([]int64, n), Weight: make([]float64, n)}
}

// Add counts a record of a cell with a positive weight.
func (c *Counts) Add(cell int, weight float64) {
	c.Records[cell]++
	c.Weight[cell] += weight
	c.all++
	c.total += weight
	c.square += float64(weight * weight) // the conversion prevents a fused operation, which not all machines have
}

// All returns the number of records.
func (c *Counts) All() int64 { return c.all }

// Total returns the sum of all weights.
func (c *Counts) Total() float64 { return c.total }

// Effective returns the size of a sample with equal weights that estimates shares as
// precisely: (Σw)²/Σw² (Kish 1965, Survey Sampling, section 11.7). It does not know of
// strata and clusters.
func (c *Counts) Effective() float64 {
	if c.square == 0 {
		return 0
	}
	return float64(c.total*c.total) / c.square
}

// margin returns the shares of the values of a variable.
func margin(share []float64, sizes []int, variable int) []float64 {
	inner := 1
	for _, s := range sizes[variable+1:] {
		inner *= s
	}
	m := make([]float64, sizes[variable])
	for k, p := range share {
		m[k/inner%sizes[variable]] += p
	}
	return m
}
