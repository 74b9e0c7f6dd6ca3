package office

import "strings"

// SymbolStatus returns what a symbol in place of a figure means where the format does
// not define it: one of the letters for confidentiality, or "<5", is a figure kept secret, and
// everything else a figure that is missing.
func SymbolStatus(symbol string) Status {
	if below, ok := strings.CutPrefix(strings.TrimSpace(symbol), "<"); ok && strings.Trim(below, " 0123456789") == "" {
		return Suppressed // too few persons to be shown
	}
	switch strings.ToLower(strings.Trim(symbol, " :()[]")) {
	case "c", "x", "s", "conf", "q", "suppressed", "confidential":
		return Suppressed
	}
	return Missing
}
