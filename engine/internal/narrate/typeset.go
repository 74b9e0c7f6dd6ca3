package narrate

import (
	"unicode"
	"unicode/utf8"
)

// page is where texts are set: blanks are never doubled and sentences begin
// with a capital.
type page struct {
	out   []byte
	begin int // of the text being set
	chars int // of this text
	at    place
}

// place is where in a sentence the next sign stands.
type place uint8

const (
	inside  place = iota
	ended         // behind the sign that ends a sentence
	opening       // where the next letter begins one
	plain         // where sentences do not matter
)

// start begins a text.
func (p *page) start(at place) { p.begin, p.chars, p.at = len(p.out), 0, at }

// Signs by what they do to the place.
const (
	ordinary = iota
	later    // another byte of a sign
	neutral  // quotes, brackets and dashes stand before a sentence or behind it
	blank
	newline
	end  // . ! ?
	wide // the first byte of the signs from U+2000 on, among them … and quotes

	simple = neutral // signs up to this one change nothing inside a sentence
)

var class = func() (c [256]uint8) {
	for b := 0x80; b < 0xc0; b++ {
		c[b] = later
	}
	c[0xe2] = wide
	for _, b := range []byte(`"'()[]-*_`) {
		c[b] = neutral
	}
	for _, b := range []byte(".!?") {
		c[b] = end
	}
	c[' '], c['\t'], c['\n'] = blank, blank, newline
	return c
}()

// set appends text to the page.
func (p *page) set(text []byte) {
	for i := 0; i < len(text); {
		if p.at == inside || p.at == plain {
			n := p.run(text[i:])
			if i += n; i == len(text) {
				return
			}
		}
		i += p.sign(text[i:])
	}
}

// run sets, in one go, the first bytes of a text that neither end a sentence
// nor need care, and returns how many these are. No sentence begins here.
func (p *page) run(text []byte) int {
	n, signs := 0, 0
	for ; n < len(text); n++ {
		c := class[text[n]]
		if c > simple && (c != blank || n == 0 || text[n-1] == ' ' || text[n] != ' ') {
			break
		}
		if c != later {
			signs++
		}
	}
	p.out, p.chars = append(p.out, text[:n]...), p.chars+signs
	return n
}

// sign sets the first sign of a text and returns its length.
func (p *page) sign(text []byte) int {
	b := text[0]
	switch class[b] {
	case blank:
		p.blank()
		return 1
	case newline:
		p.trim()
		p.pass(ended, opening)
	case end:
		if p.at != plain {
			p.at = ended
		}
	case neutral:
	default:
		return p.letter(text)
	}
	p.out, p.chars = append(p.out, b), p.chars+1
	return 1
}

// pass moves from one place to another.
func (p *page) pass(from, to place) {
	if p.at == from {
		p.at = to
	}
}

// blank sets one blank, unless there is one or the line begins here.
func (p *page) blank() {
	p.pass(ended, opening)
	if n := len(p.out); n > p.begin && p.out[n-1] != ' ' && p.out[n-1] != '\n' {
		p.out, p.chars = append(p.out, ' '), p.chars+1
	}
}

// trim takes blanks from the end.
func (p *page) trim() {
	for n := len(p.out); n > p.begin && p.out[n-1] == ' '; n-- {
		p.out, p.chars = p.out[:n-1], p.chars-1
	}
}

// letter sets a sign that may be the first letter of a sentence, or a sign
// beyond ASCII that ends one.
func (p *page) letter(text []byte) int {
	r, size := utf8.DecodeRune(text)
	p.chars++
	switch {
	case r == '…':
		if p.at != plain {
			p.at = ended
		}
	case unicode.In(r, unicode.Pi, unicode.Pf, unicode.Ps, unicode.Pe, unicode.Pd):
	default:
		if p.at == opening {
			r = unicode.ToUpper(r)
		}
		if p.at != plain {
			p.at = inside
		}
	}
	if r == utf8.RuneError {
		p.out = append(p.out, text[:size]...)
		return size
	}
	p.out = utf8.AppendRune(p.out, r)
	return size
}

// finish ends a text and returns its length in characters.
func (p *page) finish() int {
	p.trim()
	return p.chars
}

// setItem sets a whole text without regard to sentences.
func (p *page) setItem(text []byte) int {
	p.start(plain)
	p.set(text)
	return p.finish()
}
