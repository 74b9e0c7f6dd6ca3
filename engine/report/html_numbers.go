package report

import (
	"math"
	"strconv"

	"github.com/personagen/personagen/engine/humanize"
)

const (
	thin  = "\u00a0" // keeps a number and its unit on one line
	minus = "\u2212"
)

// percentOf formats a share as a percentage, with two decimals below ten percent
// and one from there on.
func percentOf(share float64) string {
	switch x := 100 * share; {
	case x == 0:
		return "0" + thin + "%"
	case math.Abs(x) < 0.01:
		return "<0.01" + thin + "%"
	case math.Abs(x) < 9.995:
		return strconv.FormatFloat(x, 'f', 2, 64) + thin + "%"
	default:
		return strconv.FormatFloat(x, 'f', 1, 64) + thin + "%"
	}
}

// deviationOf formats a deviation in persons. Zero has no sign.
func deviationOf(x float64) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', 1, 64)
	if math.Abs(x) >= 1000 {
		text = humanize.Thousands(int64(math.Round(math.Abs(x))))
	}
	switch {
	case text == "0.0":
		return "0"
	case x < 0:
		return minus + text
	default:
		return "+" + text
	}
}

// tenth formats a number of persons with one decimal, as targets have fractions.
func tenth(x float64) string {
	whole, part := math.Modf(math.Round(x*10) / 10)
	return humanize.Thousands(int64(whole)) + "." + strconv.Itoa(int(math.Round(math.Abs(part)*10)))
}
