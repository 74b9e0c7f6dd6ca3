package report

import (
	"cmp"
	"fmt"
	"html/template"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
)

// scoreNote says how scores are to be read.
const scoreNote = "A model has read the texts and the row of each person of a sample and has given these scores. The mean is that of the persons judged, by weight; the interval is one of 95 %, as for a sample of all persons that the plan can make. A score is the opinion of that model: another one may differ."

// scores shows the fields of scores, under a heading of the given level.
func (s *Stats) scores(d *document, level string) {
	if len(s.Scores) == 0 {
		return
	}
	d.line("%s Scores\n", level)
	judged := false
	var rows [][]string
	for i := range s.Scores {
		x := &s.Scores[i]
		judged = judged || x.Mean != nil
		field := s.field(x.Field)
		rows = append(rows, append([]string{"`" + cmp.Or(field.Column, x.Field) + "`", Escape(field.Title)}, scoreFigures(x)...))
	}
	if !judged {
		d.line("%s.\n", upper(check.NotJudged))
		return
	}
	d.line("%s\n", scoreNote)
	d.table([]string{"column", "title", "scale", "sample>", "judged>", "mean>", "interval", "persons by score"}, rows)
}

// scoreFigures are the scale, the size of the sample, the persons judged, the mean, its
// interval and the shares of the scores.
func scoreFigures(x *check.ScoreProfile) []string {
	row := []string{fmt.Sprintf("%d to %d", x.Lowest, x.Highest), humanize.Thousands(x.Sample), humanize.Thousands(x.Judged), "", "", ""}
	if x.Mean == nil {
		return row
	}
	var shares []string
	for _, s := range x.Shares {
		if s.Share > 0 {
			shares = append(shares, fmt.Sprintf("%d: %s", s.Score, percent(s.Share)))
		}
	}
	row[3], row[4], row[5] = fmt.Sprintf("%.2f", *x.Mean), fmt.Sprintf("%.2f to %.2f", *x.Low, *x.High), strings.Join(shares, ", ")
	return row
}

// scoresView are the scores in the HTML report.
type scoresView struct {
	Note string // what the table shows, or why there is none
	Rows []scoreRow
}

type scoreRow struct {
	Field                       fieldName
	Scale, Sample, Judged, Mean string
	Interval                    string
	Plot                        template.HTML
}

func (v *view) scores() {
	if len(v.Stats.Scores) == 0 {
		return
	}
	out := &scoresView{Note: upper(check.NotJudged) + "."}
	for i := range v.Stats.Scores {
		x := &v.Stats.Scores[i]
		if x.Mean == nil {
			continue
		}
		out.Note = scoreNote
		f := scoreFigures(x)
		span := float64(x.Highest - x.Lowest)
		out.Rows = append(out.Rows, scoreRow{v.name(v.Stats.field(x.Field)), f[0], f[1], f[2], f[3], f[4],
			barStrip(f[5], *x.Mean-float64(x.Lowest), nil, span)})
	}
	v.Scores = out
}
