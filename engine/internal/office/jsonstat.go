package office

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The members of a JSON-stat dataset, of version 1 and 2. Members whose type varies
// are raw. See https://json-stat.org/full/.
type (
	jsDataset struct {
		Version   string                     `json:"version"`
		Class     string                     `json:"class"`
		Label     json.RawMessage            `json:"label"`
		Source    json.RawMessage            `json:"source"`
		Updated   json.RawMessage            `json:"updated"`
		HRef      string                     `json:"href"`
		Note      json.RawMessage            `json:"note"`
		ID        json.RawMessage            `json:"id"`
		Size      json.RawMessage            `json:"size"`
		Role      map[string]json.RawMessage `json:"role"`
		Dimension map[string]json.RawMessage `json:"dimension"`
		Value     json.RawMessage            `json:"value"`
		Status    json.RawMessage            `json:"status"`
		Extension map[string]json.RawMessage `json:"extension"`
		Link      map[string]json.RawMessage `json:"link"`
	}
	jsDimension struct {
		Label     json.RawMessage            `json:"label"`
		Note      json.RawMessage            `json:"note"`
		Category  *jsCategory                `json:"category"`
		Extension map[string]json.RawMessage `json:"extension"`
	}
	jsCategory struct {
		Index json.RawMessage            `json:"index"`
		Label map[string]json.RawMessage `json:"label"`
		Child map[string]json.RawMessage `json:"child"`
		Unit  map[string]json.RawMessage `json:"unit"`
		Note  map[string]json.RawMessage `json:"note"`
	}
)

// readJSONStat reads the datasets of a JSON-stat document, or PxWeb's other JSON: a dataset, a bundle of
// version 1 or a collection of version 2. A collection contains datasets or only
// links to them; links are not followed.
func readJSONStat(data []byte) ([]*Cube, error) {
	text, _, err := decode(data, "utf-8")
	if err != nil {
		return nil, err
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		return nil, jsonFault(text, err)
	}
	if isPxWeb(top) {
		c, err := readPxWeb(text)
		return []*Cube{c}, err
	}
	var cubes []*Cube
	err = jsEach(top, "", 0, func(name string, raw json.RawMessage) error {
		if len(cubes) == 1000 {
			return faultf(0, 0, "the file has more than 1,000 datasets")
		}
		c, err := jsRead(raw)
		if err != nil {
			if f := (*Fault)(nil); name != "" && errors.As(err, &f) {
				f.Message = fmt.Sprintf("dataset %q: %s", tidy(name), f.Message)
			}
			return err
		}
		c.ID = cmp.Or(c.ID, tidy(name))
		cubes = append(cubes, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(cubes) == 0 {
		return nil, faultf(0, 0, "the file has no JSON-stat dataset").hint("a collection of links only names datasets; download one of them")
	}
	return cubes, nil
}

// jsonFault locates an error of the JSON decoder.
func jsonFault(text string, err error) *Fault {
	at, message := int64(0), "the JSON has another form than expected: "+err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		at, message = int64(len(text)), "the JSON is cut off"
	} else if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		at, message = e.Offset, "the JSON is damaged: "+e.Error()
	} else if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		at, message = e.Offset, fmt.Sprintf("the member %q has another form than expected", tidy(e.Field))
		if e.Field == "" {
			message = "the JSON has another form than expected"
		}
	}
	before := text[:max(0, min(int(at), len(text)))]
	return faultf(1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n'), "%s", message).
		hint("download the file again")
}

// jsEach calls visit with every dataset in an object.
func jsEach(o map[string]json.RawMessage, name string, depth int, visit func(string, json.RawMessage) error) error {
	if depth > 5 {
		return nil
	}
	if o["dimension"] != nil && o["value"] != nil {
		raw, err := json.Marshal(o)
		if err != nil {
			return err
		}
		return visit(name, raw)
	}
	var class string
	_ = json.Unmarshal(o["class"], &class)
	if class == "error" {
		return faultf(0, 0, "the server answered with an error: %s", strings.Join(jsTexts(o["label"]), " "))
	}
	if class == "collection" || o["link"] != nil {
		var link struct {
			Item []json.RawMessage `json:"item"`
		}
		_ = json.Unmarshal(o["link"], &link)
		for i, raw := range link.Item {
			var item map[string]json.RawMessage
			if json.Unmarshal(raw, &item) != nil {
				continue
			}
			if err := jsEach(item, strconv.Itoa(i+1), depth+1, visit); err != nil {
				return err
			}
		}
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		var inner map[string]json.RawMessage
		if json.Unmarshal(o[key], &inner) != nil {
			continue
		}
		if err := jsEach(inner, key, depth+1, visit); err != nil {
			return err
		}
	}
	return nil
}

// jsTexts returns the texts of a member that is a string, a list of strings or an
// object of them.
func jsTexts(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var texts []string
		for _, r := range list[:min(len(list), maxTexts)] {
			if json.Unmarshal(r, &one) == nil {
				texts = append(texts, one)
			}
		}
		return texts
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		var texts []string
		for _, k := range slices.Sorted(maps.Keys(object)) {
			texts = append(texts, jsTexts(object[k])...)
			if len(texts) > maxTexts {
				break
			}
		}
		return texts
	}
	return nil
}

func jsText(raw json.RawMessage) string {
	if t := jsTexts(raw); len(t) > 0 {
		return t[0]
	}
	return ""
}

// jsRead reads one dataset.
func jsRead(raw json.RawMessage) (*Cube, error) {
	var d jsDataset
	if err := json.Unmarshal(raw, &d); err != nil {
		f := jsonFault("", err)
		f.Line, f.Column = 0, 0
		return nil, f
	}
	c := &Cube{Format: "JSON-stat " + cmp.Or(d.Version, "1"), Title: jsText(d.Label), Publisher: jsText(d.Source), Updated: jsText(d.Updated), URL: d.HRef, Decimals: -1}
	for _, n := range jsTexts(d.Note) {
		c.AddNote(n)
	}
	if err := jsDimensions(c, &d); err != nil {
		return nil, err
	}
	jsExtension(c, &d)
	return c, jsValues(c, &d)
}

// jsDimensions reads the dimensions of a dataset. Version 1 has their ids, sizes and
// roles inside "dimension".
func jsDimensions(c *Cube, d *jsDataset) error {
	id, size, role := d.ID, d.Size, d.Role
	if id == nil {
		id = d.Dimension["id"]
	}
	if size == nil {
		size = d.Dimension["size"]
	}
	if role == nil {
		_ = json.Unmarshal(d.Dimension["role"], &role)
	}
	var ids []string
	if json.Unmarshal(id, &ids) != nil || len(ids) == 0 {
		return faultf(0, 0, "the dataset has no list \"id\" of its dimensions")
	}
	if len(ids) > maxDimensions {
		return faultf(0, 0, "the dataset has %d dimensions; at most %d are read", len(ids), maxDimensions)
	}
	roles := map[string]Role{}
	for name, r := range map[string]Role{"time": Time, "geo": Place, "metric": Metric} {
		for _, of := range jsTexts(role[name]) {
			roles[of] = r
		}
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return faultf(0, 0, "the dimension %q is listed twice", tidy(id))
		}
		raw, ok := d.Dimension[id]
		if !ok {
			return faultf(0, 0, "the dimension %q is listed and not described", tidy(id))
		}
		var dim jsDimension
		if err := json.Unmarshal(raw, &dim); err != nil || dim.Category == nil {
			return faultf(0, 0, "the dimension %q has no categories", tidy(id))
		}
		out := Dimension{ID: id, Label: jsText(dim.Label), Role: roles[id], Total: -1}
		if err := jsCategories(c, &out, dim.Category); err != nil {
			return err
		}
		var total string
		for _, member := range []string{"eliminationValueCode", "elimination-value-code"} {
			if json.Unmarshal(dim.Extension[member], &total) == nil {
				if at, ok := out.Find(total); ok {
					out.Total = at
				}
			}
		}
		for _, n := range jsTexts(dim.Note) {
			c.AddNote(out.Name() + ": " + n)
		}
		c.Dims = append(c.Dims, out)
	}
	return jsSizes(c, size)
}

// jsSizes compares the sizes that a dataset declares with its categories.
func jsSizes(c *Cube, raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var sizes []int
	if err := json.Unmarshal(raw, &sizes); err != nil {
		return faultf(0, 0, "\"size\" is not a list of whole numbers")
	}
	if slices.Equal(sizes, c.Sizes()) {
		return nil
	}
	declared, ok := product(sizes)
	have, fits := product(c.Sizes())
	if ok && fits && declared == have && len(sizes) != len(c.Dims) {
		// Ones are missing, or too many: the positions of the figures are the same.
		rest := func(n int) bool { return n == 1 }
		if slices.Equal(slices.DeleteFunc(slices.Clone(sizes), rest), slices.DeleteFunc(c.Sizes(), rest)) {
			c.warnf("\"size\" is %v, for %d dimensions with %v categories; the categories are used", sizes, len(c.Dims), c.Sizes())
			return nil
		}
	}
	return faultf(0, 0, "\"size\" is %v, but the dimensions have %v categories", clip(sizes), clip(c.Sizes())).
		hint("the positions of the figures are not certain; download the file again")
}

func clip(n []int) []int { return n[:min(len(n), 10)] }

// jsCategories reads the categories of a dimension in the order of its index.
func jsCategories(c *Cube, d *Dimension, k *jsCategory) error {
	var codes []string
	var positions map[string]float64
	switch {
	case k.Index == nil || string(k.Index) == "null":
		codes = slices.Sorted(maps.Keys(k.Label))
		if len(codes) != 1 {
			return faultf(0, 0, "the dimension %q has %d categories and no index of their order", tidy(d.ID), len(codes))
		}
	case json.Unmarshal(k.Index, &codes) == nil:
	case json.Unmarshal(k.Index, &positions) == nil:
		codes = make([]string, len(positions))
		used := make([]bool, len(positions))
		for _, code := range slices.Sorted(maps.Keys(positions)) {
			p := positions[code]
			if p < 0 || p >= float64(len(codes)) || p != float64(int(p)) || used[int(p)] {
				return faultf(0, 0, "the categories of dimension %q do not have the positions 0 to %d", tidy(d.ID), len(codes)-1)
			}
			codes[int(p)], used[int(p)] = code, true
		}
	default:
		return faultf(0, 0, "the index of dimension %q is neither a list of codes nor an object", tidy(d.ID))
	}
	if len(codes) > maxCategories {
		return faultf(0, 0, "the dimension %q has more than %d categories", tidy(d.ID), maxCategories)
	}
	at := make(map[string]int, len(codes))
	for i, code := range codes {
		if _, twice := at[code]; twice {
			return faultf(0, 0, "the dimension %q has the category %q twice", tidy(d.ID), tidy(code))
		}
		at[code] = i
		cat := Category{Code: code, Label: jsText(k.Label[code]), Parent: -1, Decimals: -1}
		jsUnit(&cat, k.Unit[code])
		d.Categories = append(d.Categories, cat)
		for _, n := range jsTexts(k.Note[code]) {
			c.AddNote(d.Name() + ", " + cat.Name() + ": " + n)
		}
	}
	for _, parent := range slices.Sorted(maps.Keys(k.Child)) {
		i, known := at[parent]
		if !known {
			continue
		}
		for _, child := range jsTexts(k.Child[parent]) {
			if j, ok := at[child]; ok && j != i {
				d.Categories[j].Parent = i
			}
		}
	}
	d.breakCircles()
	return nil
}

// jsUnit reads the unit of a category: its label in version 2, "unit" and "type" in
// version 1, and PxWeb's "base".
func jsUnit(c *Category, raw json.RawMessage) {
	var unit map[string]json.RawMessage
	if json.Unmarshal(raw, &unit) != nil {
		return
	}
	for _, member := range []string{"base", "label", "symbol", "unit", "type"} {
		if text := jsText(unit[member]); text != "" {
			c.Unit = text
			break
		}
	}
	var n float64
	if json.Unmarshal(unit["decimals"], &n) == nil && n >= 0 && n <= 15 {
		c.Decimals = int(n)
	}
	if json.Unmarshal(unit["multiplier"], &n) == nil && n > 0 && n <= 12 && n == float64(int(n)) {
		c.Multiplier = int(n)
	}
}

// jsExtension reads what PxWeb and others add.
func jsExtension(c *Cube, d *jsDataset) {
	var px struct {
		TableID     string `json:"tableid"`
		Matrix      string `json:"matrix"`
		Decimals    *int   `json:"decimals"`
		Description string `json:"description"`
	}
	_ = json.Unmarshal(d.Extension["px"], &px)
	c.ID = cmp.Or(px.TableID, px.Matrix, jsText(d.Extension["datasetId"]), jsText(d.Extension["id"]))
	if px.Decimals != nil && *px.Decimals >= 0 && *px.Decimals <= 15 {
		c.Decimals = *px.Decimals
	}
	for _, member := range []string{"license", "licence"} {
		if text := jsText(d.Extension[member]); text != "" {
			c.Licence = text
		}
	}
	if text := jsText(d.Link["license"]); text != "" && c.Licence == "" {
		c.Licence = text
	}
}

// jsValues reads the figures: a list, or an object with their positions.
func jsValues(c *Cube, d *jsDataset) error {
	total, ok := product(c.Sizes())
	if !ok {
		return faultf(0, 0, "the dimensions have too many combinations")
	}
	status, err := jsStatuses(d.Status, total)
	if err != nil {
		return err
	}
	add := func(at int64, raw json.RawMessage) error {
		cell := Cell{At: at}
		flag := status(at)
		text := string(bytes.TrimSpace(raw))
		if x, ok := parseFigure(text); ok {
			cell.Number = x
		} else {
			symbol := ""
			if text != "null" && json.Unmarshal(raw, &symbol) != nil {
				return faultf(0, 0, "the value at position %d is neither a number nor a text", at)
			}
			symbol = strings.TrimSpace(symbol)
			if x, ok := parseFigure(symbol); ok {
				cell.Number = x
			} else {
				cell.Symbol = tidy(cmp.Or(symbol, flag))
				cell.Status = SymbolStatus(cell.Symbol)
				if cell.Symbol == "-" {
					cell.Status = Zero
				}
			}
		}
		cell.Flag = c.flag(tidy(flag))
		c.Cells = append(c.Cells, cell)
		return nil
	}
	dense := json.NewDecoder(bytes.NewReader(d.Value))
	switch first, err := dense.Token(); {
	case err != nil:
		return faultf(0, 0, "the member \"value\" is damaged: %v", err)
	case first == json.Delim('['):
		var at int64
		for ; dense.More(); at++ {
			if at == total {
				return faultf(0, 0, "there are more figures than the %d of the dimensions' combinations", total)
			}
			if at == maxCells {
				return faultf(0, 0, "there are more than %d figures", maxCells).hint("download fewer years, places or contents")
			}
			var raw json.RawMessage
			if err := dense.Decode(&raw); err != nil {
				return faultf(0, 0, "the member \"value\" is damaged: %v", err)
			}
			if err := add(at, raw); err != nil {
				return err
			}
		}
		if at < total {
			return faultf(0, 0, "there are %d figures for %d combinations of the dimensions", at, total).hint("the file is cut off or damaged; download it again")
		}
	case first == json.Delim('{'):
		seen := map[int64]bool{}
		for dense.More() {
			key, err := dense.Token()
			if err != nil {
				return faultf(0, 0, "the member \"value\" is damaged: %v", err)
			}
			text, _ := key.(string)
			at, err := strconv.ParseInt(text, 10, 64)
			if err != nil || at < 0 || at >= total {
				return faultf(0, 0, "the position %q of a figure is not between 0 and %d", tidy(text), total-1)
			}
			if seen[at] {
				return faultf(0, 0, "the position %d has two figures", at)
			}
			seen[at] = true
			if len(seen) > maxCells {
				return faultf(0, 0, "there are more than %d figures", maxCells)
			}
			var raw json.RawMessage
			if err := dense.Decode(&raw); err != nil {
				return faultf(0, 0, "the member \"value\" is damaged: %v", err)
			}
			if err := add(at, raw); err != nil {
				return err
			}
		}
		slices.SortFunc(c.Cells, func(a, b Cell) int { return cmp.Compare(a.At, b.At) })
	default:
		return faultf(0, 0, "the member \"value\" is neither a list nor an object")
	}
	return nil
}

// jsStatuses returns the status of each position: one text for all, a list, or an
// object with positions.
func jsStatuses(raw json.RawMessage, total int64) (func(at int64) string, error) {
	none := func(int64) string { return "" }
	if raw == nil || string(raw) == "null" {
		return none, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return func(int64) string { return one }, nil
	}
	var list []*string
	if json.Unmarshal(raw, &list) == nil {
		if int64(len(list)) != total && len(list) != 1 {
			return nil, faultf(0, 0, "there are %d statuses for %d combinations of the dimensions", len(list), total)
		}
		return func(at int64) string {
			if len(list) == 1 {
				at = 0
			}
			if list[at] == nil {
				return ""
			}
			return *list[at]
		}, nil
	}
	var object map[string]*string
	if json.Unmarshal(raw, &object) == nil {
		return func(at int64) string {
			if s := object[strconv.FormatInt(at, 10)]; s != nil {
				return *s
			}
			return ""
		}, nil
	}
	return nil, faultf(0, 0, "the member \"status\" is neither a text, a list nor an object of texts")
}
