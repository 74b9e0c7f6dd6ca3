package prompt

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// calls are functions as programs call them: with the arguments that the walker has counted.
// A call that would be an error, or whose result has no kind, fails.
var calls = map[string]func(s *state, a []datum) datum{
	"not": func(_ *state, a []datum) datum { return truthOf(!a[0].truth()) },
	"eq": func(s *state, a []datum) datum {
		for i := range a[1:] {
			if order, ok := compare(&a[0], &a[i+1]); !ok {
				return s.fail()
			} else if order == 0 {
				return truthOf(true)
			}
		}
		return truthOf(false)
	},
	"ne": func(s *state, a []datum) datum {
		order, ok := compare(&a[0], &a[1])
		return s.whether(order != 0, ok)
	},
	"lt": ordered(func(order int) bool { return order < 0 }),
	"le": ordered(func(order int) bool { return order <= 0 }),
	"gt": ordered(func(order int) bool { return order > 0 }),
	"ge": ordered(func(order int) bool { return order >= 0 }),

	"int":   func(_ *state, a []datum) datum { return datum{kind: kindInt, number: toInt64(&a[0])} },
	"int64": func(_ *state, a []datum) datum { return datum{kind: kindInt64, number: toInt64(&a[0])} },

	"add": folded(func(x, y int64) int64 { return x + y }),
	"sub": folded(func(x, y int64) int64 { return x - y }),
	"mul": folded(func(x, y int64) int64 { return x * y }),
	"min": folded(func(x, y int64) int64 { return min(x, y) }),
	"max": folded(func(x, y int64) int64 { return max(x, y) }),
	"div": divided(func(x, y int64) int64 { return x / y }),
	"mod": divided(func(x, y int64) int64 { return x % y }),

	"year":     civil(func(year, _, _ int) int { return year }),
	"month":    civil(func(_, month, _ int) int { return month }),
	"monthDay": civil(func(_, _, day int) int { return day }),

	"list": func(s *state, a []datum) datum {
		return datum{kind: kindList, items: append(data{}, a...)}
	},
	"index": func(s *state, a []datum) datum {
		v := a[0]
		for _, at := range a[1:] {
			if v.kind != kindList || at.kind != kindInt && at.kind != kindInt64 || at.number < 0 || at.number >= int64(v.items.len()) {
				return s.fail()
			}
			v = v.items.at(int(at.number))
		}
		return v
	},
	"len": func(s *state, a []datum) datum {
		switch v := &a[0]; v.kind {
		case kindText:
			return datum{kind: kindInt, number: int64(len(v.text))}
		case kindList:
			return datum{kind: kindInt, number: int64(v.items.len())}
		}
		return s.fail()
	},
	"has": func(s *state, a []datum) datum {
		if a[1].kind != kindList {
			return s.fail()
		}
		for i := range a[1].items.len() {
			item := a[1].items.at(i)
			if item.kind >= kindList || a[0].kind >= kindList {
				return s.fail()
			}
			if order, ok := compare(&a[0], &item); ok && order == 0 && (a[0].kind == item.kind || a[0].kind <= kindDate) {
				return truthOf(true)
			}
		}
		return truthOf(false)
	},
	"toString": func(s *state, a []datum) datum {
		v, ok := a[0].any()
		if !ok {
			return s.fail()
		}
		return s.made(string(AppendText(nil, v)))
	},
	"default": func(_ *state, a []datum) datum {
		if len(a) > 1 && a[1].truth() {
			return a[1]
		}
		return a[0]
	},
}

// call compiles a call. Piped says that the last argument comes from the pipeline.
func (c *programmer) call(name string, arguments []expression, piped bool) expression {
	if name == "and" || name == "or" {
		if piped {
			return c.fail()
		}
		return func(s *state) (v datum) { // the first argument that decides, or the last
			for _, argument := range arguments {
				if v = argument(s); v.truth() == (name == "or") {
					break
				}
			}
			return v
		}
	}
	f := calls[name]
	if f == nil && costs[name] == nil {
		f = typed(functions[name])
	}
	if f == nil {
		return c.fail()
	}
	_, builtin := builtins[name]
	counted := !builtin // as Execute does
	return func(s *state) datum {
		s.spend(1)
		from := len(s.arguments)
		for _, argument := range arguments {
			v := argument(s)
			if counted {
				s.spend(v.weight())
			}
			s.arguments = append(s.arguments, v)
		}
		var result datum
		if !s.failed {
			result = f(s, s.arguments[from:])
		}
		s.arguments = s.arguments[:from]
		return result
	}
}

// typed returns a call of a function of one or two texts; nil for other functions.
func typed(f any) func(s *state, a []datum) datum {
	switch f := f.(type) {
	case func(string) string:
		return ofTexts(func(s *state, a []string) datum { return s.made(f(a[0])) })
	case func(string, string) string:
		return ofTexts(func(s *state, a []string) datum { return s.made(f(a[0], a[1])) })
	case func(string, string) bool:
		return ofTexts(func(_ *state, a []string) datum { return truthOf(f(a[0], a[1])) })
	case func(string, string) (string, error):
		return ofTexts(func(s *state, a []string) datum {
			made, err := f(a[0], a[1])
			if err != nil {
				return s.fail()
			}
			return s.made(made)
		})
	}
	return nil
}

// ofTexts is a call whose arguments are texts.
func ofTexts(f func(s *state, a []string) datum) func(s *state, a []datum) datum {
	return func(s *state, a []datum) datum {
		var texts [2]string
		for i := range a {
			t, ok := a[i].string()
			if !ok {
				return s.fail()
			}
			texts[i] = t
		}
		defer s.recover()
		return f(s, texts[:len(a)])
	}
}

// recover fails where a function panics, which Execute makes an error.
func (s *state) recover() {
	if recover() != nil {
		s.failed = true
	}
}

// made is a text that a function made.
func (s *state) made(made string) datum {
	s.spend(len(made))
	return datum{kind: kindText, text: made}
}

func (s *state) whether(b, ok bool) datum {
	if !ok {
		return s.fail()
	}
	return truthOf(b)
}

// compare returns the order of two values, as cmp.Compare does; false for values that
// templates do not compare. Truth values are only equal or not, and NaN is not compared.
func compare(x, y *datum) (order int, ok bool) {
	switch {
	case x.kind == kindText && y.kind == kindText:
		return strings.Compare(x.text, y.text), true
	case x.kind == kindInt || x.kind == kindInt64:
		return cmp.Compare(x.number, y.number), y.kind == kindInt || y.kind == kindInt64
	case x.kind == kindBool:
		return cmp.Compare(x.number, y.number), y.kind == kindBool
	case x.kind == kindFloat && y.kind == kindFloat:
		a, b := x.float(), y.float()
		return cmp.Compare(a, b), a == a && b == b
	}
	a, ok := x.string()
	b, also := y.string()
	return strings.Compare(a, b), ok && also
}

// ordered is a call that compares two values by their order, which truth values have not.
func ordered(holds func(order int) bool) func(s *state, a []datum) datum {
	return func(s *state, a []datum) datum {
		order, ok := compare(&a[0], &a[1])
		return s.whether(holds(order), ok && a[0].kind != kindBool)
	}
}

// folded is a call that computes with whole numbers from the left.
func folded(f func(x, y int64) int64) func(s *state, a []datum) datum {
	return func(_ *state, a []datum) datum {
		x := int64(0)
		for i := range a {
			if y := toInt64(&a[i]); i == 0 {
				x = y
			} else {
				x = f(x, y)
			}
		}
		return datum{kind: kindInt64, number: x}
	}
}

// divided is a call that divides two whole numbers.
func divided(f func(x, y int64) int64) func(s *state, a []datum) datum {
	return func(s *state, a []datum) datum {
		x, y := toInt64(&a[0]), toInt64(&a[1])
		if y == 0 {
			return s.fail()
		}
		return datum{kind: kindInt64, number: f(x, y)}
	}
}

// civil is a call that takes a figure from a date.
func civil(figure func(year, month, day int) int) func(s *state, a []datum) datum {
	return func(s *state, a []datum) datum {
		days, ok := a[0].number, a[0].kind == kindDate
		if a[0].kind == kindText {
			days, ok = frame.ParseDate(a[0].text)
		}
		if !ok {
			return s.fail()
		}
		year, month, day := frame.Civil(days)
		return datum{kind: kindInt, number: int64(figure(year, int(month), day))}
	}
}

// toInt64 converts a value as the functions of whole numbers do: a text that is none is 0.
func toInt64(d *datum) int64 {
	switch d.kind {
	case kindInt, kindInt64, kindBool:
		return d.number
	case kindText:
		if d.text == "" {
			return 0
		}
		if d.text[0] >= '1' && d.text[0] <= '9' && len(d.text) < 19 { // another first character may be a sign or a base
			if n, err := strconv.ParseInt(d.text, 10, 64); err == nil {
				return n
			}
		}
	}
	v, _ := d.any()
	return functions["int64"].(func(any) int64)(v)
}
