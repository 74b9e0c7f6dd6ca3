package office

import "strings"

// SymbolStatus returns what a symbol in place of a figure means where the format does
// not define it: one of the letters for confidentiality is a figure kept secret, and
// everything else a figure that is missing.
func SymbolStatus(symbol string) Status {
	switch strings.ToLower(strings.Trim(symbol, " :()[]")) {
	case "c", "x", "s", "conf", "q", "suppressed", "confidential":
		return Suppressed
	}
	return Missing
}
