package pairwise

import (
	"cmp"
	"slices"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/internal/rng"
)

// mostYears is how many years the ages of two persons who are matched may be apart.
const mostYears = 5

// pair is a person of each set, by row.
type pair struct{ ours, theirs int32 }

// bucket is the key of the persons who are alike.
type bucket struct{ sex, age, work int32 }

// anyWork stands for everyone with some work, in a bucket of those without an equal one.
const anyWork = -1

// match takes persons of the first set in a random order, which the data and nothing else
// decides, and gives each the person of the second set who is most alike and not taken
// yet: of the same sex and with the same work, or at least with or without work as the
// other, the nearest in age. It stops after so many pairs.
func match(ours, theirs []person, pairs int) (out []pair, m compare.Matching) {
	order := func(n int, key rng.Stream) []int32 {
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = int32(i)
		}
		slices.SortFunc(rows, func(a, b int32) int {
			return cmp.Or(cmp.Compare(key.Uint64(int64(a)), key.Uint64(int64(b))), cmp.Compare(a, b))
		})
		return rows
	}
	buckets := map[bucket][]int32{}
	for _, row := range order(len(theirs), rng.New(0, "compare/theirs")) {
		p := theirs[row]
		buckets[bucket{p.sex, p.age, p.work}] = append(buckets[bucket{p.sex, p.age, p.work}], row)
		if p.work > 0 {
			some := bucket{p.sex, p.age, anyWork}
			buckets[some] = append(buckets[some], row)
		}
	}
	taken := make([]bool, len(theirs))
	take := func(b bucket) (int32, bool) {
		rows := buckets[b]
		for len(rows) > 0 && taken[rows[0]] {
			rows = rows[1:]
		}
		if buckets[b] = rows; len(rows) == 0 {
			return 0, false
		}
		taken[rows[0]] = true
		return rows[0], true
	}
	near := func(p person, work int32) (row, years int32, found bool) {
		for years := range int32(mostYears + 1) {
			for _, age := range []int32{p.age - years, p.age + years} {
				if p.age < 0 && years > 0 || age < 0 && p.age >= 0 {
					continue
				}
				if row, ok := take(bucket{p.sex, age, work}); ok {
					return row, years, true
				}
			}
		}
		return 0, 0, false
	}
	for _, row := range order(len(ours), rng.New(0, "compare/ours")) {
		if len(out) == pairs {
			break
		}
		p := ours[row]
		other, years, found := near(p, p.work)
		switch {
		case found && years == 0:
			m.Exact++
		case found:
			m.NearAge++
		case p.work > 0:
			if other, _, found = near(p, anyWork); found {
				m.OtherWork++
			}
		}
		if !found {
			m.Unmatched++
			continue
		}
		out = append(out, pair{row, other})
	}
	return out, m
}
