package compare

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/spec"
)

// mostShares is the number of values per set whose shares are kept.
const mostShares = 100

// window is the number of words in which different ones are counted.
const window = 1000

// textFigures reduces the samples of all sets to the same size and measures them.
func textFigures(field string, profiles []*profile, columns []*column, known []*spec.ReferenceField) []*TextFigures {
	type sample struct {
		signatures []*similarity.Signature
		persons    []int64
		words      [][]uint64
	}
	samples := make([]sample, len(columns))
	texts, words := math.MaxInt, math.MaxInt
	for i, x := range columns {
		if x == nil {
			continue
		}
		s := &samples[i]
		s.signatures, s.persons, s.words = profiles[i].sampleOf(x)
		if len(s.signatures) > 0 {
			texts, words = min(texts, len(s.signatures)), min(words, similarity.Words(s.words))
		}
	}
	out := make([]*TextFigures, len(columns))
	for i, x := range columns {
		if x == nil {
			if k := known[i]; k != nil && !k.Absent && (k.Chars != nil || k.ExampleChars != nil) {
				out[i] = &TextFigures{Known: k}
			}
			continue
		}
		f := &TextFigures{Texts: x.n - x.empty, Empty: x.empty + x.nulls, Chars: x.chars.Describe(), Named: profiles[i].named(x)}
		out[i] = f
		s := samples[i]
		if len(s.signatures) == 0 {
			continue
		}
		f.Words = sketch.Tidy(float64(similarity.Words(s.words)) / float64(max(1, len(s.words))))
		cut := similarity.Cut(s.words, words)
		a := similarity.Compare(s.signatures[:texts], s.persons[:texts], cut)
		f.Sample = Sample{int64(texts), int64(words)}
		f.NearDuplicates, f.RepeatedOpenings, f.Distinct, f.LongestPhrase = a.NearDuplicateShare, a.Openings.Repeated, a.Words.Distinct, a.Words.Phrase
		f.Vocabulary, f.PerThousand = similarity.Types(cut), similarity.MovingTypes(cut, window)
	}
	return out
}

// listFigures reduces the samples of items of all sets to the same size and
// measures them.
func listFigures(profiles []*profile, columns []*column, known []*spec.ReferenceField) []*ListFigures {
	samples := make([][][]uint64, len(columns))
	items := math.MaxInt
	for i, x := range columns {
		if x != nil {
			_, _, samples[i] = profiles[i].sampleOf(x)
			if n := similarity.Words(samples[i]); n > 0 {
				items = min(items, n)
			}
		}
	}
	out := make([]*ListFigures, len(columns))
	for i, x := range columns {
		if x == nil {
			if k := known[i]; k != nil && !k.Absent && k.Items != nil {
				out[i] = &ListFigures{Known: k}
			}
			continue
		}
		f := &ListFigures{Lists: x.n - x.empty, Empty: x.empty + x.nulls, Items: x.items.Describe(), Chars: x.chars.Describe(), Strings: x.strings}
		if n := similarity.Words(samples[i]); n > 0 {
			f.Sample = int64(items)
			f.Different = sketch.Tidy(float64(similarity.Types(similarity.Cut(samples[i], items))) / float64(items))
		}
		out[i] = f
	}
	return out
}

// valueFigures compares the values of a column in all sets.
func valueFigures(field, title string, columns []*column, known []*spec.ReferenceField) ValuesComparison {
	v := ValuesComparison{Field: field, Title: title, In: make([]*ValueFigures, len(columns)), TVD: make([]*float64, len(columns))}
	for i, x := range columns {
		if x == nil {
			if k := known[i]; k != nil && !k.Absent && k.Values != nil {
				v.In[i] = &ValueFigures{Known: k}
			}
			continue
		}
		f := &ValueFigures{Rows: x.n, Nulls: x.nulls, Different: int64(len(x.values)), TooMany: x.tooMany}
		labels := slices.SortedFunc(maps.Keys(x.values), func(a, b string) int {
			return cmp.Or(cmp.Compare(x.values[b], x.values[a]), cmp.Compare(a, b))
		})
		if x.weight == 0 {
			labels = nil
		}
		for _, label := range labels[:min(len(labels), mostShares)] {
			f.Shares = append(f.Shares, Share{label, sketch.Tidy(x.values[label] / x.weight)})
		}
		v.In[i] = f
		if i > 0 && columns[0] != nil {
			v.TVD[i] = distance(columns[0], x)
		}
	}
	return v
}

// distance returns the total variation distance between two columns, nil if they
// have no value in common or too many values.
func distance(a, b *column) *float64 {
	if a.tooMany || b.tooMany || a.weight == 0 || b.weight == 0 {
		return nil
	}
	labels := maps.Clone(a.values)
	shared := false
	for label := range b.values {
		_, both := labels[label]
		shared = shared || both
		labels[label] = 0
	}
	if !shared {
		return nil
	}
	sum := 0.0
	for _, label := range slices.Sorted(maps.Keys(labels)) { // a fixed order gives a reproducible sum
		sum += math.Abs(a.values[label]/a.weight - b.values[label]/b.weight)
	}
	sum = sketch.Tidy(sum / 2)
	return &sum
}
