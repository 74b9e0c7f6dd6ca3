package importer

import (
	"testing"

	"github.com/personagen/personagen/engine/diag"
)

// FuzzImport imports whatever a file contains. Nothing may panic, whatever the
// categories are called and whatever the figures are.
func FuzzImport(f *testing.F) {
	for _, s := range []string{
		people,
		long("A,Total,30", "A,single,10", "A,married,20", "B,Total,7", "B,single,3", "B,married,4", "C,Total,9", "C,single,4", "C,married,5"),
		"Persons\n;men;men;women;women\n;single;married;single;married\nA;1;2;3;4\nB;5;-;7;.\n\nSource: Office\n",
		`CHARSET="ANSI";TITLE="t";STUB="place";HEADING="age";VALUES("place")="A","B","C";VALUES("age")="Total","0-9","10-19","20+";DATA=30 10 20 ".." 12 ".." 5 7 9 4 ".." 5;`,
		`{"class":"dataset","id":["a","b"],"size":[2,2],"dimension":{"a":{"category":{"index":["x","y"],"child":{"x":["y"]}}},"b":{"category":{"index":["T","1"]}}},"value":[1,2,3,4]}`,
		"age,sex,geo\\time\t2011 \t2012 \nTOTAL,T,IT\t4996158 b\t: \nTOTAL,F,RO\t: c\t73706.5 ep\n",
		`[["NAME","B1_001E","B1_002E","state"],["a","1","2","01"],["b","3","4","02"]]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		faults := &diag.List{}
		o := Open(data, "x", Options{}, faults)
		if o == nil {
			if !faults.Failed() {
				t.Fatal("a file is refused without a fault")
			}
			return
		}
		s, err := Look(o.Cube, Choices{})
		if err != nil {
			t.Fatal(err)
		}
		s.Report(o)
		o.Origin.File = "x"
		stanza, open := s.Write(o.Origin, newSpec(NewInteger("age", 0, 99)), nil)
		if stanza == nil && len(open) == 0 {
			t.Fatal("no stanza and no question")
		}
		if stanza != nil {
			_ = stanza.Text()
		}
	})
}
