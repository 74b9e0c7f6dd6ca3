package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/personagen/personagen/engine/check"
)

// The elements of JUnit XML that build servers read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the result as JUnit XML: one suite per kind of check, in the order
// of the result, and one case per check. Only failed checks are failures;
// warnings and notes go to the output of their cases. faults describe what is
// wrong with the files themselves and form the suite "files". It returns the
// writer's error.
func JUnit(w io.Writer, name string, r *check.Result, faults []string) error {
	all := junitSuites{Name: name}
	suite := func(kind string) *junitSuite {
		for i := range all.Suites {
			if all.Suites[i].Name == kind {
				return &all.Suites[i]
			}
		}
		all.Suites = append(all.Suites, junitSuite{Name: kind})
		return &all.Suites[len(all.Suites)-1]
	}
	add := func(kind string, c junitCase) {
		c.Class = name + "." + kind
		s := suite(kind)
		s.Cases = append(s.Cases, c)
		s.Tests, all.Tests = s.Tests+1, all.Tests+1
		if c.Failure != nil {
			s.Failures, all.Failures = s.Failures+1, all.Failures+1
		}
		if c.Skipped != nil {
			s.Skipped, all.Skipped = s.Skipped+1, all.Skipped+1
		}
	}
	for i, fault := range faults {
		add("files", junitCase{Name: fmt.Sprintf("file.%d", i+1), Failure: &junitMessage{Message: fault, Type: check.Fail}})
	}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		c := junitCase{Name: label(o)}
		switch o.Status {
		case check.Fail:
			c.Failure = &junitMessage{Message: o.Message, Type: o.Severity, Text: details(o)}
		case check.Skip:
			c.Skipped = &junitMessage{Message: o.Message}
		case check.Warn, check.Note:
			c.Output = o.Status + ": " + o.Message + "\n" + details(o)
		}
		add(o.Kind, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// details lists the persons and texts of an outcome, a line each.
func details(o *check.Outcome) string {
	text := ""
	for _, row := range o.Rows {
		text += fmt.Sprintf("person %d\n", row)
	}
	for _, x := range o.Examples {
		text += fmt.Sprintf("person %d, %s: %q\n", x.Person, x.Field, x.Snippet)
	}
	return text
}
