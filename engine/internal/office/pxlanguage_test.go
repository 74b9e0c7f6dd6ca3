package office

import (
	"errors"
	"strings"
	"testing"
)

// pxTwo is in two languages; its title and its notes are not all translated.
const pxTwo = `CHARSET="ANSI";
CODEPAGE="utf-8";
LANGUAGE="sv";
LANGUAGES="sv","en","fi";
DECIMALS=2;
SHOWDECIMALS=0;
TITLE="Personer efter kön och år";
TITLE[en]="Persons by sex "
"and year";
UNITS="antal";
UNITS[en]="number";
SOURCE="SCB";
STUB="kön";
STUB[en]="sex";
HEADING="uppgift","år";
HEADING[en]="item","year";
CONTVARIABLE="uppgift";
CONTVARIABLE[en]="item";
VALUES("kön")="män","kvinnor; alla","totalt";
VALUES[en]("sex")="men","women; all","total";
CODES( "kön" ) = "1","2","T";
ELIMINATION("kön")="totalt";
HIERARCHIES("kön")="totalt","totalt":"män","T":"2";
DOUBLECOLUMN("kön")=YES;
VALUES("uppgift")="Folkmängd","Medelålder";
VALUES[en]("item")="Population","Mean age";
CODES("uppgift")="N","A";
VALUES("år")="2023";
UNITS("Folkmängd")="antal";
UNITS[en]("Population")="persons";
UNITS[en]("Mean age")="years";
NOTE="svensk not";
NOTE[en]="English note";
CELLNOTE[en]("women; all","*")="revised";
DATASYMBOL2="c";
DATASYMBOLNIL="nil";
DATA=
12 40.25
".." 41
nil .
;
`

func TestPXLanguage(t *testing.T) {
	read := func(language string) *Cube {
		t.Helper()
		cubes, err := Read("x.px", []byte(pxTwo), language)
		if err != nil {
			t.Fatal(err)
		}
		return cubes[0]
	}
	c := read("")
	expect(t, "languages", strings.Join(c.Languages, " "), "sv en fi")
	expect(t, "swedish", dims(c), "|kön|(1=män<2; 2=kvinnor; alla<2; T=totalt!)\n|uppgift|metric(N=Folkmängd [antal]; A=Medelålder)\n|år|(=2023)")
	expect(t, "title", c.Title+"|"+c.Unit+"|"+strings.Join(c.Notes, "|"), `Personer efter kön och år|antal|svensk not|".." is shown as "c"`)
	if c.Decimals != 0 { // as they are shown
		t.Errorf("%d decimals", c.Decimals)
	}
	figures := cells(c)
	expect(t, "cells", figures, "0:12 1:40.25 2:suppressed(..) 3:41 4:zero(nil) 5:missing(.)")

	c = read("EN")
	expect(t, "languages", strings.Join(c.Languages, " "), "en sv fi")
	expect(t, "english", dims(c), "|sex|(1=men<2; 2=women; all<2; T=total!)\n|item|metric(N=Population [persons]; A=Mean age [years])\n|year|(=2023)")
	expect(t, "title", c.Title+"|"+c.Unit+"|"+c.Publisher+"|"+strings.Join(c.Notes, "|"), "Persons by sex and year|number|SCB|English note|women; all, *: revised|\"..\" is shown as \"c\"")
	expect(t, "same cells", cells(c), figures)
	expect(t, "the default one", dims(read("sv")), dims(read("")))
}

func TestPXLanguageFaults(t *testing.T) {
	for _, tt := range []struct{ from, to, language, want string }{
		{"", "", "de", `the file has no language "de"; it has "sv", "en", "fi"`},
		{"", "", "fi", `the file lists the language "fi" but has no texts in it`},
		{`STUB[en]="sex";`, "", "en", "STUB[en] and HEADING[en] name 2 variables, STUB and HEADING 3"},
		{`VALUES[en]("sex")="men",`, `VALUES[en]("sex")=`, "en", `the variable "sex" has 2 VALUES[en], "kön" has 3`},
	} {
		_, err := Read("x.px", []byte(strings.Replace(pxTwo, tt.from, tt.to, 1)), tt.language)
		if f := (*Fault)(nil); !errors.As(err, &f) || !strings.Contains(f.Message, tt.want) || f.Hint == "" {
			t.Errorf("%s: got %v", tt.language, err)
		}
	}
	if _, err := Read("x.json", []byte(`[["NAME","B1_001E","state"],["a","1","2"]]`), "en"); err == nil || !strings.Contains(err.Error(), "one language only") {
		t.Error(err)
	}
}

// The encodings that offices declare. Each text has a letter that differs between them.
func TestPXEncodings(t *testing.T) {
	for _, tt := range []struct{ head, value, want string }{
		{`CHARSET="ANSI";CODEPAGE="iso-8859-15";`, "\xa4", "€"},
		{`CHARSET="ANSI";CODEPAGE="windows-1251";`, "\xcc\xf3\xe6", "Муж"},
		{`CHARSET="ANSI";CODEPAGE="CP1250";`, "\x9e", "ž"},
		{`CHARSET="ANSI";`, "\x80", "€"},
		{"\xef\xbb\xbf" + `CHARSET="ANSI";`, "ž", "ž"},
		{``, "\x84", "ä"},
	} {
		c := one(t, "x.px", tt.head+`STUB="a";VALUES("a")="`+tt.value+`";DATA=1;`)
		expect(t, tt.head, c.Dims[0].Categories[0].Label, tt.want)
	}
}
