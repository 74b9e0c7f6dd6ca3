package narrate

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// page collects texts. It never writes two spaces in a row, and capitalizes the
// first letter of sentences.
type page struct {
	out   []byte
	from  int // of the text that is being written
	chars int // of this text
	state state
}

// state says how the next character relates to sentences.
type state uint8

const (
	inSentence    state = iota
	afterEnd            // after a character that ends a sentence
	sentenceStart       // the next letter begins a sentence
	noSentences         // sentences do not matter
)

// start begins a text.
func (p *page) start(s state) { p.from, p.chars, p.state = len(p.out), 0, s }

// Classes of bytes by their effect on the state.
const (
	ordinary     = iota
	continuation // a later byte of a character
	neutral      // quotes, brackets and dashes, which may be around a sentence
	blank
	newline
	end  // . ! ?
	wide // the first byte of characters from U+2000, with … and quotes

	simple = neutral // classes up to this one have no effect in a sentence
)

var class = func() (c [256]uint8) {
	for b := 0x80; b < 0xc0; b++ {
		c[b] = continuation
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

// write appends a part of the text.
func (p *page) write(text []byte) {
	for i := 0; i < len(text); {
		if p.state == inSentence || p.state == noSentences {
			n := p.writeRun(text[i:])
			if i += n; i == len(text) {
				return
			}
		}
		i += p.writeChar(text[i:])
	}
}

// writeRun appends the first bytes of a text up to one that may end a sentence or
// needs care, and returns their number. No sentence may begin here.
func (p *page) writeRun(text []byte) int {
	n, chars := 0, 0
	for blank := uint64(0x80); n+8 <= len(text); n += 8 { // blank: the byte before is one
		v := binary.LittleEndian.Uint64(text[n:])
		blanks := equal(v, ' ')
		if blanks&(blanks<<8|blank)|equal(v, '\t')|equal(v, '\n')|equal(v, '.')|equal(v, '!')|equal(v, '?')|equal(v, 0xe2) != 0 {
			break
		}
		chars += 8 - bits.OnesCount64(v&^(v<<1)&high)
		blank = blanks >> 56
	}
	for ; n < len(text); n++ {
		c := class[text[n]]
		if c > simple && (c != blank || n == 0 || text[n-1] == ' ' || text[n] != ' ') {
			break
		}
		if c != continuation {
			chars++
		}
	}
	p.out, p.chars = append(p.out, text[:n]...), p.chars+chars
	return n
}

// high is the highest bit of each of eight bytes.
const high = 0x8080808080808080

// equal sets the highest bit of those of eight bytes that are c, and of no byte before the
// first of them (Anderson, "Bit Twiddling Hacks").
func equal(v, c uint64) uint64 {
	const every = 0x0101010101010101
	v ^= c * every
	return (v - every) &^ v & high
}

// writeChar appends the first character of a text and returns its length in bytes.
func (p *page) writeChar(text []byte) int {
	b := text[0]
	switch class[b] {
	case blank:
		p.writeBlank()
		return 1
	case newline:
		p.trim()
		p.pass(afterEnd, sentenceStart)
	case end:
		if p.state != noSentences {
			p.state = afterEnd
		}
	case neutral:
	default:
		return p.writeRune(text)
	}
	p.out, p.chars = append(p.out, b), p.chars+1
	return 1
}

// pass changes the state if it is from.
func (p *page) pass(from, to state) {
	if p.state == from {
		p.state = to
	}
}

// writeBlank appends a space, unless there is one or the line begins here.
func (p *page) writeBlank() {
	p.pass(afterEnd, sentenceStart)
	if n := len(p.out); n > p.from && p.out[n-1] != ' ' && p.out[n-1] != '\n' {
		p.out, p.chars = append(p.out, ' '), p.chars+1
	}
}

// trim removes spaces at the end.
func (p *page) trim() {
	for n := len(p.out); n > p.from && p.out[n-1] == ' '; n-- {
		p.out, p.chars = p.out[:n-1], p.chars-1
	}
}

// writeRune appends the first character of a text, which may be the first letter
// of a sentence or an ellipsis, and returns its length in bytes.
func (p *page) writeRune(text []byte) int {
	r, size := utf8.DecodeRune(text)
	p.chars++
	switch {
	case r == '…':
		if p.state != noSentences {
			p.state = afterEnd
		}
	case unicode.In(r, unicode.Pi, unicode.Pf, unicode.Ps, unicode.Pe, unicode.Pd):
	default:
		if p.state == sentenceStart {
			r = unicode.ToUpper(r)
		}
		if p.state != noSentences {
			p.state = inSentence
		}
	}
	if r == utf8.RuneError {
		p.out = append(p.out, text[:size]...)
		return size
	}
	p.out = utf8.AppendRune(p.out, r)
	return size
}

// endsWithStop reports whether the text so far ends with a full stop.
func (p *page) endsWithStop() bool {
	n := len(p.out)
	return n > p.from+1 && p.out[n-1] == '.' && p.out[n-2] != '.' && p.state == afterEnd
}

// sentence returns the last sentence, which has ended.
func (p *page) sentence() []byte {
	text := p.out[p.from:]
	from := 1 + bytes.LastIndexAny(text[:max(0, len(text)-1)], ".!?\n")
	return text[from:]
}

// dropStop removes the full stop at the end, so that the sentence goes on.
func (p *page) dropStop() {
	p.out, p.chars, p.state = p.out[:len(p.out)-1], p.chars-1, inSentence
}

// finish ends a text and returns its length in characters.
func (p *page) finish() int {
	p.trim()
	return p.chars
}

// writeItem writes a whole text without regard to sentences, and returns its
// length in characters.
func (p *page) writeItem(text []byte) int {
	p.start(noSentences)
	p.write(text)
	return p.finish()
}
