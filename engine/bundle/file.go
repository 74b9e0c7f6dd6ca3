package bundle

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/atomicfile"

	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/plan"
)

// Format is the version of the bundle's form. A reader refuses newer formats; it
// verifies and skips parts that it does not know, so a part may be
// added without a new format.
const Format = 1

// Extension is the usual extension of a bundle. Commands distinguish a bundle from
// a spec by its content: see Is.
const Extension = ".bundle"

// Limits of a bundle. They bound the memory and the time that a hostile file takes.
const (
	maxFile     = 512 << 20 // bytes of the file
	maxParts    = 64
	maxManifest = 1 << 20   // bytes of bundle.json
	maxDocument = 64 << 20  // bytes of another JSON part, unpacked
	maxObjects  = 1 << 19   // objects and nulls of a JSON part: each may become a struct
	maxUnpacked = 512 << 20 // bytes of all parts, unpacked
)

// mostDeflated is how many times longer than its deflated form a part can be.
const mostDeflated = 1032

// Names of the parts.
const (
	manifestPart   = "bundle.json"
	planPart       = "plan.json"
	modelPart      = "model.bin"
	controlsPart   = "controls.json"
	writersPart    = "writers.json"
	warningsPart   = "warnings.json"
	allocationPart = "allocation.bin"
)

// required are the parts of every bundle; known are those that a reader keeps.
var (
	required = []string{planPart, modelPart, controlsPart, writersPart, warningsPart}
	known    = append(required[:len(required):len(required)], allocationPart)
)

// Manifest lists the parts of a bundle.
type Manifest struct {
	Format int    `json:"format"`
	Name   string `json:"name"` // of the plan
	// Plan and Structure are the plan's hashes.
	Plan      string   `json:"plan"`
	Structure string   `json:"structure"`
	Request   *Request `json:"request,omitempty"`
	Parts     []Part   `json:"parts"`
}

// Part is a part of a bundle.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// content is a part with its bytes.
type content struct {
	Part
	data []byte
}

// encode encodes every part and the manifest that lists them.
func (b *Bundle) encode() (*Manifest, []content, error) {
	var parts []content
	add := func(name string, data []byte, err error) error {
		if err != nil {
			return fmt.Errorf("%s of the bundle: %w", name, err)
		}
		sum := sha256.Sum256(data)
		parts = append(parts, content{Part{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}, data})
		return nil
	}
	document := func(name string, v any) error {
		data, err := json.Marshal(v)
		if data = append(data, '\n'); err == nil {
			err = checkDocument(data)
		}
		return add(name, data, err)
	}
	model, modelErr := b.Model.MarshalBinary()
	err := errors.Join(
		document(planPart, b.Plan),
		add(modelPart, model, modelErr),
		document(controlsPart, b.Controls),
		document(writersPart, b.Writers),
		document(warningsPart, b.Warnings),
	)
	if b.Allocation != nil {
		data, encodeErr := b.Allocation.MarshalBinary()
		err = errors.Join(err, add(allocationPart, data, encodeErr))
	}
	m := &Manifest{Format: Format, Name: b.Plan.Name, Plan: b.Plan.Hash, Structure: b.Plan.Structure, Request: b.Request}
	for _, p := range parts {
		m.Parts = append(m.Parts, p.Part)
	}
	return m, parts, err
}

// Manifest returns what bundle.json of the written bundle says.
func (b *Bundle) Manifest() (*Manifest, error) {
	m, _, err := b.encode()
	return m, err
}

// checkDocument checks that a JSON part is within the limits.
func checkDocument(data []byte) error {
	if len(data) > maxDocument {
		return fmt.Errorf("it has more than %d MB", maxDocument>>20)
	}
	if n := bytes.Count(data, []byte("{")) + bytes.Count(data, []byte("null")); n > maxObjects {
		return fmt.Errorf("it has %d objects, more than %d", n, maxObjects)
	}
	return nil
}

// Encode returns the bundle's file. The same bundle gives the same bytes: the
// archive contains no times, and its order is that of the parts.
func (b *Bundle) Encode() ([]byte, error) {
	m, parts, err := b.encode()
	if err != nil {
		return nil, err
	}
	list, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	parts = append([]content{{Part{Name: manifestPart}, append(list, '\n')}}, parts...)
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, p := range parts {
		to, err := w.CreateHeader(&zip.FileHeader{Name: p.Name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(p.data); err != nil {
			return nil, err
		}
	}
	// The comment is the last thing in the file, and its length is part of what is
	// summed.
	if err := w.SetComment(seal(nil)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	data := file.Bytes()
	body := data[:len(data)-len(seal(nil))]
	return append(body, seal(body)...), nil
}

// seal is the archive's comment: the sum of everything before it.
func seal(body []byte) string {
	sum := sha256.Sum256(body)
	return "personagen bundle, sha256 of all before: " + hex.EncodeToString(sum[:])
}

// Is reports whether the file at path is a zip archive, as bundles are. No spec
// begins with the same bytes.
func Is(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false // opening a pipe would wait for a writer
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [4]byte
	_, err = io.ReadFull(f, head[:])
	return err == nil && string(head[:]) == "PK\x03\x04"
}

// ReadFile reads the bundle at path.
func ReadFile(path string) (*Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

// WriteFile writes the bundle to path, under a temporary name first, so that no
// incomplete file is ever visible at path. It follows symbolic links, and writes to a
// device or a pipe directly.
func (b *Bundle) WriteFile(path string) error {
	data, err := b.Encode()
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
	return atomicfile.Write(path, data, 0o644)
}

// damaged is the error of a bundle that is not what was written.
func damaged(format string, args ...any) error {
	return fmt.Errorf("the bundle is damaged: "+format, args...)
}

// Decode reads what Encode writes. Any change to its bytes is an error.
func Decode(data []byte) (*Bundle, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("the bundle has more than %d MB", maxFile>>20)
	}
	n := len(data) - len(seal(nil))
	if n < 0 || !strings.HasPrefix(string(data[n:]), seal(nil)[:len(seal(nil))-2*sha256.Size]) {
		return nil, errors.New("not a bundle, or one that was cut short: it does not end with the seal of a bundle")
	}
	if string(data[n:]) != seal(data[:n]) {
		return nil, damaged("it does not match its seal")
	}
	m, parts, err := unpack(data)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{planPart, controlsPart, writersPart, warningsPart} {
		if err := checkDocument(parts[name]); err != nil {
			return nil, damaged("%s: %v", name, err)
		}
	}
	b := &Bundle{Model: &sample.Model{}, Request: m.Request}
	if b.Plan, err = plan.Read(parts[planPart]); err != nil {
		return nil, err
	}
	if err := b.Model.UnmarshalBinary(parts[modelPart]); err != nil {
		return nil, damaged("%s: %v", modelPart, err)
	}
	for name, to := range map[string]any{controlsPart: &b.Controls, writersPart: &b.Writers, warningsPart: &b.Warnings} {
		if err := json.Unmarshal(parts[name], to); err != nil {
			return nil, damaged("%s: %v", name, err)
		}
	}
	if packed := parts[allocationPart]; packed != nil {
		b.Allocation = &sample.Allocation{}
		if err := b.Allocation.UnmarshalBinary(packed); err != nil {
			return nil, damaged("%s: %v", allocationPart, err)
		}
	}
	stamped := *b.Plan
	stamped.Stamp()
	if m.Plan != stamped.Hash || m.Plan != b.Plan.Hash || m.Structure != b.Plan.Structure || m.Name != b.Plan.Name {
		return nil, damaged("its plan is not the one that %s names", manifestPart)
	}
	return b, b.validate()
}

// unpack reads the manifest and every part that it lists.
func unpack(data []byte) (*Manifest, map[string][]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, damaged("%v", err)
	}
	files := archive.File
	if len(files) == 0 || len(files) > maxParts || files[0].Name != manifestPart {
		return nil, nil, damaged("its first part is not %s", manifestPart)
	}
	var list bytes.Buffer
	if _, err := readPart(&list, files[0], maxManifest); err != nil {
		return nil, nil, err
	}
	var m Manifest
	if err := json.Unmarshal(list.Bytes(), &m); err != nil {
		return nil, nil, damaged("%s: %v", manifestPart, err)
	}
	if m.Format != Format {
		return nil, nil, fmt.Errorf("the bundle has format %d, this version reads %d", m.Format, Format)
	}
	if len(files) != 1+len(m.Parts) {
		return nil, nil, damaged("it has %d parts beside %s, which lists %d", len(files)-1, manifestPart, len(m.Parts))
	}
	parts := map[string][]byte{}
	listed := map[string]bool{}
	unpacked := int64(0)
	for i, p := range m.Parts {
		if files[1+i].Name != p.Name || p.Bytes < 0 || p.Bytes > maxUnpacked {
			return nil, nil, damaged("%s lists a part %q that is missing", manifestPart, p.Name)
		}
		if !plainName(p.Name) || listed[p.Name] {
			return nil, nil, damaged("%q is listed twice, or is not the name of a part", p.Name)
		}
		if unpacked += p.Bytes; unpacked > maxUnpacked {
			return nil, nil, damaged("its parts have more than %d MB", maxUnpacked>>20)
		}
		part, h := bytes.Buffer{}, sha256.New()
		var to io.Writer = h
		if slices.Contains(known, p.Name) { // others are checked, and not kept
			part.Grow(int(min(p.Bytes, mostDeflated*int64(len(data))))) // a damaged size must not take much memory
			to = io.MultiWriter(&part, h)
		}
		n, err := readPart(to, files[1+i], p.Bytes)
		if err != nil {
			return nil, nil, err
		}
		if n != p.Bytes || hex.EncodeToString(h.Sum(nil)) != p.SHA256 {
			return nil, nil, damaged("%s is not what %s says", p.Name, manifestPart)
		}
		parts[p.Name] = part.Bytes()
		listed[p.Name] = true
	}
	for _, name := range required {
		if !listed[name] {
			return nil, nil, damaged("it has no %s", name)
		}
	}
	return &m, parts, nil
}

// plainName reports whether a part may have this name: that of a file without a
// folder, so that unpacking a bundle by other tools is safe.
func plainName(name string) bool {
	return fs.ValidPath(name) && name != "." && name != manifestPart && !strings.ContainsAny(name, `/\:`)
}

// readPart copies a part of at most so many bytes.
func readPart(to io.Writer, f *zip.File, most int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, damaged("%s: %v", f.Name, err)
	}
	n, err := io.Copy(to, io.LimitReader(r, most+1))
	if err = cmp.Or(err, r.Close()); err != nil {
		return n, damaged("%s: %v", f.Name, err)
	}
	if n > most {
		return n, damaged("%s has more than %d bytes", f.Name, most)
	}
	return n, nil
}

// validate checks that the parts are consistent with each other.
func (b *Bundle) validate() error {
	if r := b.Request; r != nil && (r.Size < 1 || r.Size > sample.MaxPersons) {
		return damaged("it is for %d persons, want 1 to %d", r.Size, sample.MaxPersons)
	}
	if a := b.Allocation; a != nil {
		if r := b.Request; r == nil || a.N != r.Size || a.Seed != r.Seed {
			return damaged("%s is that of another population", allocationPart)
		}
		if err := a.Validate(b.Model); err != nil {
			return damaged("%s: %v", allocationPart, err)
		}
	}
	if err := b.Plan.Validate(); err != nil {
		return damaged("%s: %v", planPart, err)
	}
	if len(b.Model.Vars) != len(b.Plan.Variables) {
		return damaged("the model has %d variables, the plan %d", len(b.Model.Vars), len(b.Plan.Variables))
	}
	for i, v := range b.Plan.Variables {
		if x := b.Model.Vars[i]; x.Name != v.Name || x.Card != v.Card {
			return damaged("variable %q of the plan is %q in the model", v.Name, x.Name)
		}
	}
	if len(b.Controls) != len(b.Model.Controls) {
		return damaged("the model has %d controls, %s %d", len(b.Model.Controls), controlsPart, len(b.Controls))
	}
	for i, c := range b.Controls {
		if c.Expected == NoExpected && c.Cell == nil {
			continue
		}
		if c.Expected < 0 || c.Expected >= len(b.Plan.Expected) || len(c.Cell) != len(b.Model.Controls[i].Share) {
			return damaged("control %d is not one of the plan", i)
		}
		for _, cell := range c.Cell {
			if cell < 0 || int(cell) >= len(b.Plan.Expected[c.Expected].Share) {
				return damaged("control %d has a cell that the plan does not have", i)
			}
		}
	}
	return nil
}
