package prompt

import (
	"fmt"
	"reflect"
	"strings"
)

// printers are builtins of text/template that are replaced by counted ones.
var printers = map[string]any{
	"print":   fmt.Sprint,
	"println": fmt.Sprintln,
}

var errorType = reflect.TypeFor[error]()

// bind returns a function like f that counts its work and its result. The number of
// its results becomes two: the value and an error.
func (b *budget) bind(name string, f any) any {
	if g, ok := f.(func(string, string) bool); ok && costs[name] == nil {
		return b.bindTest(g) // such as hasPrefix, which templates of persons call most
	}
	v := reflect.ValueOf(f)
	t := v.Type()
	var in []reflect.Type
	for i := range t.NumIn() {
		in = append(in, t.In(i))
	}
	result := t.Out(0)
	fail := func(err error) []reflect.Value {
		return []reflect.Value{reflect.Zero(result), reflect.ValueOf(&err).Elem()}
	}
	cost := costs[name]
	counted := func(args []reflect.Value) []reflect.Value {
		weight := 0
		for _, a := range args {
			if weight += weigh(a, MaxBytes-weight, 0); weight > MaxBytes {
				return fail(errBytes)
			}
		}
		if err := b.step(1 + weight/64); err != nil {
			return fail(err)
		}
		if cost != nil {
			if err := cost(b, args, weight); err != nil {
				return fail(err)
			}
		}
		var out []reflect.Value
		if t.IsVariadic() {
			out = v.CallSlice(args)
		} else {
			out = v.Call(args)
		}
		if len(out) == 1 {
			out = append(out, reflect.Zero(errorType))
		}
		if r := out[0]; r.Kind() == reflect.Interface && !r.IsNil() && r.Elem().Kind() == reflect.String || r.Kind() == reflect.String {
			if err := b.grow(weigh(r, MaxBytes, 0)); err != nil {
				return fail(err)
			}
		}
		return out
	}
	return reflect.MakeFunc(reflect.FuncOf(in, []reflect.Type{result, errorType}, t.IsVariadic()), counted).Interface()
}

// bindTest is bind for a test of two texts, without the reflection that a call of any
// other function needs.
func (b *budget) bindTest(test func(string, string) bool) func(string, string) (bool, error) {
	return func(x, y string) (bool, error) {
		weight := len(x) + len(y)
		if weight > MaxBytes {
			return false, errBytes
		}
		if err := b.step(1 + weight/64); err != nil {
			return false, err
		}
		return test(x, y), nil
	}
}

// maxDepth bounds the nesting of lists and dictionaries: functions that print them
// are recursive.
const maxDepth = 100

// weigh returns about how many bytes a value has when it is printed. It stops, with
// a larger number, once that exceeds most. A list within a list counts as often as
// it appears.
func weigh(v reflect.Value, most, depth int) int {
	if depth > maxDepth {
		return most + 1
	}
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return 5
		}
		return weigh(v.Elem(), most, depth+1)
	case reflect.Slice, reflect.Array:
		n := 2
		if k := v.Type().Elem().Kind(); k != reflect.String && k != reflect.Interface && k != reflect.Slice && k != reflect.Map {
			return n + product(v.Len(), 8)
		}
		for i := range v.Len() {
			if n += 2 + weigh(v.Index(i), most-n, depth+1); n > most {
				return n
			}
		}
		return n
	case reflect.Map:
		n := 2
		for it := v.MapRange(); it.Next() && n <= most; {
			n += 4 + weigh(it.Key(), most-n, depth+1)
			n += weigh(it.Value(), most-n, depth+1)
		}
		return n
	}
	return 8
}

// Arguments of functions, as their types have them.

func str(args []reflect.Value, i int) string {
	if i < len(args) && args[i].Kind() == reflect.String {
		return args[i].String()
	}
	return ""
}

func integer(args []reflect.Value, i int) int {
	if i < len(args) && args[i].CanInt() {
		return int(args[i].Int())
	}
	return 0
}

// length returns the number of items of a list, 0 of anything else.
func length(v reflect.Value) int {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if k := v.Kind(); k == reflect.Slice || k == reflect.Array {
		return v.Len()
	}
	return 0
}

// costs are what functions can make or do beyond a small multiple of the weight of
// their arguments.
var costs = map[string]func(b *budget, args []reflect.Value, weight int) error{
	"repeat": func(b *budget, a []reflect.Value, _ int) error {
		if integer(a, 0) < 0 {
			return fmt.Errorf("repeat cannot write a text %d times", integer(a, 0))
		}
		return b.fits(product(integer(a, 0), len(str(a, 1))))
	},
	"indent":  indentCost,
	"nindent": indentCost,
	"replace": func(b *budget, a []reflect.Value, w int) error {
		return b.fits(w + product(strings.Count(str(a, 2), str(a, 0)), len(str(a, 1))))
	},
	"until": func(b *budget, a []reflect.Value, _ int) error { return b.span(0, integer(a, 0), 1) },
	"untilStep": func(b *budget, a []reflect.Value, _ int) error {
		return b.span(integer(a, 0), integer(a, 1), integer(a, 2))
	},
	"seq": func(b *budget, a []reflect.Value, _ int) error {
		var p []int
		for i := range a[0].Len() {
			p = append(p, int(a[0].Index(i).Int()))
		}
		switch len(p) {
		case 1:
			return b.span(1, p[0], 1)
		case 2:
			return b.span(p[0], p[1], 1)
		case 3:
			return b.span(p[0], p[2], p[1])
		}
		return nil
	},
	"wrap": func(b *budget, a []reflect.Value, w int) error { return b.fits(2 * w) },
	"wrapWith": func(b *budget, a []reflect.Value, w int) error {
		return b.fits(w + product(len(str(a, 2))/max(integer(a, 0), 1)+1, len(str(a, 1))))
	},
	"printf": printfCost,
	"join": func(b *budget, a []reflect.Value, w int) error {
		return b.fits(w + product(length(a[1]), len(str(a, 0))))
	},
	"regexMatch":             func(b *budget, a []reflect.Value, _ int) error { return b.match(str(a, 0), str(a, 1)) },
	"regexFind":              func(b *budget, a []reflect.Value, _ int) error { return b.match(str(a, 0), str(a, 1)) },
	"regexFindAll":           func(b *budget, a []reflect.Value, _ int) error { return b.match(str(a, 0), str(a, 1)) },
	"regexSplit":             func(b *budget, a []reflect.Value, _ int) error { return b.match(str(a, 0), str(a, 1)) },
	"regexReplaceAll":        replaceCost,
	"regexReplaceAllLiteral": replaceCost,
	"splitList":              func(b *budget, a []reflect.Value, _ int) error { return b.step(strings.Count(str(a, 1), str(a, 0))) },
	"uniq": func(b *budget, a []reflect.Value, _ int) error {
		return b.step(product(length(a[0]), length(a[0])) / 8)
	},
	"without":      func(b *budget, a []reflect.Value, _ int) error { return b.step(product(length(a[0]), a[1].Len()) / 8) },
	"toPrettyJson": func(b *budget, _ []reflect.Value, w int) error { return b.fits(product(w, 8)) },
}

func indentCost(b *budget, a []reflect.Value, w int) error {
	if integer(a, 0) < 0 {
		return fmt.Errorf("a text cannot be indented by %d spaces", integer(a, 0))
	}
	return b.fits(w + product(integer(a, 0), 1+strings.Count(str(a, 1), "\n")))
}

// replaceCost bounds a replacement at every position, with what it refers to.
func replaceCost(b *budget, a []reflect.Value, _ int) error {
	expression, text, by := str(a, 0), str(a, 1), str(a, 2)
	if err := b.match(expression, text); err != nil {
		return err
	}
	return b.fits(product(len(text)+1, len(by)) + product(strings.Count(by, "$"), len(text)))
}

// match counts the compilation of an expression, whose repetitions are copied, and
// a search that visits all of it at each character.
func (b *budget) match(expression, text string) error {
	size := len(expression)
	if strings.Contains(expression, "{") {
		size = product(size, 100)
	}
	if err := b.step(size / 8); err != nil {
		return err
	}
	return b.step(product(len(expression), len(text)) / 64)
}

// span counts the numbers from start to stop.
func (b *budget) span(start, stop, step int) error {
	const most = 1 << 53
	for _, n := range []int{start, stop, step} {
		if n > most || n < -most {
			return errSteps
		}
	}
	distance := stop - start
	if step < 0 {
		distance, step = -distance, -step
	}
	if distance < 0 && step == 1 { // seq counts down
		distance = -distance
	}
	if step == 0 || distance < 0 {
		return nil
	}
	return b.step(min(distance/step+1, MaxSteps+1))
}

// printfCost bounds what a format can write: every verb may repeat the largest
// argument, and pad it to a width.
func printfCost(b *budget, a []reflect.Value, weight int) error {
	format, verbs, width, run := str(a, 0), 0, 0, 0
	stars := strings.Count(format, "*")
	for i := range len(format) {
		switch c := format[i]; {
		case c == '%':
			verbs++
			run = 0
		case c >= '0' && c <= '9':
			run = min(10*run+int(c-'0'), MaxBytes+1)
			width = max(width, run)
		default:
			run = 0
		}
	}
	if stars > 0 {
		for i := range a[1].Len() {
			v := a[1].Index(i)
			for v.Kind() == reflect.Interface && !v.IsNil() {
				v = v.Elem()
			}
			if v.CanInt() {
				width = max(width, int(min(max(v.Int(), -v.Int()), MaxBytes+1)))
			}
		}
	}
	if width > MaxBytes {
		return errBytes
	}
	return b.fits(len(format) + product(verbs, width+4*weight))
}
