package compare

import (
	"fmt"
	"math"
	"strconv"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/spec"
)

// knownFigure formats a figure of a reference with its status.
func knownFigure(k *spec.KnownFigure) string {
	if k == nil {
		return "-"
	}
	return fmt.Sprintf("%s (%s)", k, k.Status)
}

// number formats a number: whole from 100 on, with one decimal from 10 on, with two
// below.
func number(x float64) string {
	switch a := math.Abs(x); {
	case x == math.Trunc(x) && a < 1e15:
		return humanize.Thousands(int64(x))
	case a >= 100:
		return humanize.Thousands(int64(math.Round(x)))
	case a >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// percent formats a share.
func percent(share float64) string {
	p := 100 * share
	switch {
	case p == 0 || p == 100:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.01:
		return "under 0.01 %"
	case p > 99.95:
		return "over 99.9 %"
	case p < 10:
		return fmt.Sprintf("%.2f %%", p)
	}
	return fmt.Sprintf("%.1f %%", p)
}
