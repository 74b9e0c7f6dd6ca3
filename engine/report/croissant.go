package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// croissantContext is the JSON-LD context of Croissant 1.0, copied from its
// specification.
const croissantContext = `{
 "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
 "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
 "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
 "dct": "http://purl.org/dc/terms/", "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract",
 "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet",
 "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath",
 "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet",
 "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/",
 "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform"
}`

// croissant is a data set in the MLCommons Croissant vocabulary, version 1.0
// (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html).
type croissant struct {
	Context       json.RawMessage      `json:"@context"`
	Type          string               `json:"@type"`
	ConformsTo    string               `json:"conformsTo"`
	Name          string               `json:"name"`
	Description   string               `json:"description"`
	License       string               `json:"license,omitempty"`
	URL           string               `json:"url,omitempty"`
	Version       string               `json:"version,omitempty"`
	DatePublished string               `json:"datePublished,omitempty"`
	InLanguage    any                  `json:"inLanguage,omitempty"` // a tag, or several
	Keywords      []string             `json:"keywords"`
	Creator       []croissantCreator   `json:"creator"`
	CiteAs        string               `json:"citeAs"`
	Distribution  []any                `json:"distribution"` // of croissantFile and croissantFileSet
	RecordSet     []croissantRecordSet `json:"recordSet,omitempty"`
}

type croissantCreator struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type croissantFile struct {
	Type           string `json:"@type"`
	ID             string `json:"@id"`
	Name           string `json:"name"`
	ContentURL     string `json:"contentUrl"`
	ContentSize    string `json:"contentSize"`
	EncodingFormat string `json:"encodingFormat"`
	SHA256         string `json:"sha256"`
}

// croissantFileSet is the files of one format. It is in no archive, so they are found beside
// the description.
type croissantFileSet struct {
	Type           string `json:"@type"`
	ID             string `json:"@id"`
	Name           string `json:"name"`
	Description    string `json:"description,omitempty"`
	EncodingFormat string `json:"encodingFormat"`
	Includes       string `json:"includes"` // a pattern of names
}

type croissantRef struct {
	ID string `json:"@id"`
}

type croissantRecordSet struct {
	Type        string           `json:"@type"`
	ID          string           `json:"@id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Key         *croissantRef    `json:"key,omitempty"`
	Field       []croissantField `json:"field"`
}

type croissantField struct {
	Type        string          `json:"@type"`
	ID          string          `json:"@id"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	DataType    string          `json:"dataType,omitempty"`
	Repeated    bool            `json:"repeated,omitempty"`
	Source      croissantSource `json:"source"`
	// SubField are the columns of records.
	SubField []croissantField `json:"subField,omitempty"`
}

type croissantSource struct {
	FileObject *croissantRef    `json:"fileObject,omitempty"`
	FileSet    *croissantRef    `json:"fileSet,omitempty"`
	Extract    croissantExtract `json:"extract"`
	// Transform finds the value within that of the column.
	Transform *croissantTransform `json:"transform,omitempty"`
}

type croissantTransform struct {
	JSONPath string `json:"jsonPath"`
}

type croissantExtract struct {
	Column string `json:"column"`
}

// media maps file extensions to media types.
var media = map[string]string{
	".parquet": "application/x-parquet", ".jsonl": "application/jsonlines", ".csv": "text/csv",
	".json": "application/json", ".md": "text/markdown", ".html": "text/html", ".cff": "application/yaml",
}

// Croissant writes the release's description in the Croissant vocabulary. The files of a format
// are a set if there are several, and listed one by one if they are at most MostListed. The
// personas are a record set of the recommended format.
func (r *Release) Croissant(w io.Writer) error {
	pop, card := &r.Population, &r.Plan.Card
	d := croissant{
		Context: json.RawMessage(croissantContext), Type: "sc:Dataset", ConformsTo: "http://mlcommons.org/croissant/1.0",
		Name: pop.Name, Description: cmp.Or(strings.Join(strings.Fields(pop.Description), " "), pop.title()),
		License: licenceURL(pop.License), URL: cmp.Or(card.URL, card.Repository), Version: pop.Version, DatePublished: card.Date,
		Keywords: r.keywords(), CiteAs: r.bibEntry(),
	}
	switch tags := r.languages(); len(tags) {
	case 0:
	case 1:
		d.InLanguage = tags[0]
	default:
		d.InLanguage = tags
	}
	for _, a := range r.authors() {
		c := croissantCreator{"sc:Organization", a.Name, a.URL}
		if a.Name == "" {
			c.Type, c.Name = "sc:Person", strings.TrimSpace(a.Given+" "+a.Family)
		}
		d.Creator = append(d.Creator, c)
	}
	formats := map[string][]File{}
	for _, f := range r.Files {
		formats[f.Format] = append(formats[f.Format], f)
	}
	for _, f := range r.Files {
		of := formats[f.Format]
		if f.Format != "" && len(of) > 1 && f == of[0] {
			d.Distribution = append(d.Distribution, croissantFileSet{
				Type: "cr:FileSet", ID: f.Format, Name: f.Format, Description: humanize.Thousands(int64(len(of))) + " files.", EncodingFormat: mediaType(f.Name), Includes: pattern(of),
			})
		}
		if f.Format == "" || len(of) <= MostListed {
			d.Distribution = append(d.Distribution, croissantFile{
				Type: "cr:FileObject", ID: f.Name, Name: f.Name, ContentURL: f.Name, ContentSize: strconv.FormatInt(f.Bytes, 10) + " B",
				EncodingFormat: mediaType(f.Name), SHA256: f.SHA256,
			})
		}
	}
	if data := r.data(); len(data) > 0 {
		d.RecordSet = []croissantRecordSet{r.records(data)}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// mediaType returns the media type of a file.
func mediaType(name string) string {
	return cmp.Or(media[path.Ext(name)], "application/octet-stream")
}

// records returns the record set of the data files of a format.
func (r *Release) records(files []File) croissantRecordSet {
	name, from, rows := files[0].Name, croissantSource{FileObject: &croissantRef{files[0].Name}}, int64(0)
	if len(files) > 1 {
		name, from = files[0].Format, croissantSource{FileSet: &croissantRef{files[0].Format}}
	}
	for _, f := range files {
		rows += f.Rows
	}
	set := croissantRecordSet{
		Type: "cr:RecordSet", ID: "personas/" + name, Name: name,
		Description: humanize.Thousands(rows) + " persons, one per row.",
	}
	for _, c := range r.columns() {
		field := croissantField{
			Type: "cr:Field", ID: set.ID + "/" + c.name(), Name: c.name(), Description: sentences(c.Title, c.plan.About, unit(c.Unit)),
			DataType: croissantType(c), Repeated: r.lists(c),
			Source: croissantSource{FileObject: from.FileObject, FileSet: from.FileSet, Extract: croissantExtract{c.name()}},
		}
		if c.plan.Type == frame.Records && field.Repeated {
			field.DataType = ""
			for _, x := range c.plan.Records {
				sub := croissantField{
					Type: "cr:Field", ID: field.ID + "/" + x.Name, Name: x.Name, Description: sentences(x.Title, x.About, unit(x.Unit)),
					DataType: croissantValue(x.Type, x.Domain), Source: field.Source,
				}
				sub.Source.Transform = &croissantTransform{"$." + x.Name}
				field.SubField = append(field.SubField, sub)
			}
		}
		if kind.MeaningOf(c.Kind) == kind.Identifier {
			set.Key = &croissantRef{field.ID}
		}
		set.Field = append(set.Field, field)
	}
	return set
}

// unit describes a unit, "" if there is none.
func unit(u string) string {
	if u == "" {
		return ""
	}
	return "In " + u
}

// croissantType is the type of a column's values; of a list, the type of its
// items.
func croissantType(c column) string {
	if c.boolean() {
		return "sc:Boolean"
	}
	return croissantValue(c.stored(), nil)
}

func croissantValue(t frame.Type, d *kind.Domain) string {
	switch t {
	case frame.Category:
		if d != nil && d.Boolean {
			return "sc:Boolean"
		}
	case frame.Date:
		return "sc:Date"
	case frame.Integer:
		return "sc:Integer"
	case frame.Number:
		return "sc:Float"
	}
	return "sc:Text"
}

// licenceURL returns the URL of an SPDX identifier, and anything else unchanged.
func licenceURL(license string) string {
	if !spdxID.MatchString(license) || strings.HasPrefix(license, "LicenseRef-") {
		return license
	}
	return "https://spdx.org/licenses/" + license + ".html"
}
