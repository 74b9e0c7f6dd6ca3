package endpoint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name     string
		server   *fake.Server
		mode     Mode // "" when it must fail
		kind     Kind
		calls    int
		rejected string
	}{
		{"strict", &fake.Server{}, Strict, "", 1, ""},
		{"long answers", &fake.Server{TextLength: 5000}, Strict, "", 1, ""},
		{"200 and unconstrained", &fake.Server{Ignores: []string{"json_schema"}}, JSONObject, "", 3, "does not follow the schema"},
		{"no strict mode", &fake.Server{Refuses: []string{"json_schema"}}, JSONObject, "", 3, "the server refuses it"},
		{"a schema with JSON mode", &fake.Server{Refuses: []string{"json_schema"}, Schemas: true}, ObjectSchema, "", 2, "the server refuses it"},
		{"the server breaks on a format", &fake.Server{Breaks: []string{"json_schema"}}, JSONObject, "", 4, "server error"},
		{"and says so", &fake.Server{Breaks: []string{"json_schema"}, BreaksWith: "Input should be 'text' ('body', 'response_format', 'type')", Schemas: true}, ObjectSchema, "", 2, "the server refuses it"},
		{"no modes", &fake.Server{Refuses: []string{"json_schema", "json_object"}}, Prompted, "", 4, "the server refuses it"},
		{"fences", &fake.Server{Refuses: []string{"json_schema", "json_object"}, Faults: fake.Always(fake.CodeFence)}, Prompted, "", 4, ""},
		{"fences in strict mode", &fake.Server{Faults: fake.Sequence(fake.CodeFence)}, JSONObject, "", 3, "does not follow the schema"},
		{"half an answer", &fake.Server{Faults: fake.Sequence(fake.TruncatedJSON)}, JSONObject, "", 3, "not complete JSON"},
		{"nothing works", &fake.Server{Refuses: []string{"json_schema"}, Ignores: []string{"json_object"}, Disobeys: true}, "", Incapable, 4, "prompt: the answer does not follow the schema"},
		{"prose", &fake.Server{Faults: fake.Always(fake.SchemaIgnored)}, "", Incapable, 4, "Text"},
		{"silence", &fake.Server{Faults: fake.Always(fake.Empty)}, "", Incapable, 4, "empty"},
		{"all thought", &fake.Server{Faults: fake.Always(fake.Empty), Thinks: 200}, "", Incapable, 4, "turn thinking off"},
		{"refusals", &fake.Server{Faults: fake.Always(fake.Refusal)}, "", Incapable, 4, "the model refuses"},
		{"wrong key", &fake.Server{Faults: fake.Always(fake.Unauthorised)}, "", Unauthorised, 1, ""},
		{"down", &fake.Server{Faults: fake.Always(fake.ServerError)}, "", Overloaded, 10, "server error"},
		{"a hiccup", &fake.Server{Faults: fake.Sequence(fake.ServerError, fake.RateLimit)}, Strict, "", 3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := quick(t, c.server)
			cfg.Mode = ""
			client := newClient(t, cfg, nil)
			found, err := client.Probe(t.Context(), Call{Schema: twoFields})
			if KindOf(err) != c.kind || found.Mode != c.mode || client.Mode() != c.mode || c.server.Calls() != c.calls {
				t.Errorf("mode %q, %v after %d calls", found.Mode, err, c.server.Calls())
			}
			if all := strings.Join(found.Rejected, "\n"); !strings.Contains(all, c.rejected) {
				t.Errorf("rejected: %s; want %q", all, c.rejected)
			}
			if c.kind == Incapable && !strings.Contains(err.Error(), c.rejected) {
				t.Errorf("got %v, want the reason %q", err, c.rejected)
			}
			if err == nil {
				req := ask(0)
				req.MaxTokens = 0
				if _, err := client.Do(t.Context(), req); err != nil {
					t.Errorf("after the probe: %v", err)
				}
			}
		})
	}
}

func TestProbeOfChosenMode(t *testing.T) {
	s := &fake.Server{Refuses: []string{"json_object"}, Thinks: 5}
	cfg := quick(t, s)
	cfg.Mode = JSONObject
	if _, err := newClient(t, cfg, nil).Probe(t.Context()); KindOf(err) != Incapable || s.Calls() != 1 {
		t.Errorf("got %v after %d calls", err, s.Calls())
	}
	cfg.Mode = Prompted
	found, err := newClient(t, cfg, nil).Probe(t.Context(), Call{Schema: twoFields}, Call{Schema: twoFields})
	if err != nil || found.Mode != Prompted || !found.Thinking || s.Calls() != 3 || found.Usage.Reasoning != 10 {
		t.Errorf("got %+v, %v after %d calls", found, err, s.Calls())
	}
}

func TestCanarySchema(t *testing.T) {
	got, err := withCanary(twoFields, "abc")
	want := `{"additionalProperties":false,"properties":{"canary":{"type":"string","enum":["abc"]},"hue":{"type":"string"},"tools":{"type":"array","items":{"type":"string"}}},"required":["canary","hue","tools"],"type":"object"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{``, `[]`, `null`, `{}`, `{"properties":[]}`, `{"properties":null}`, `{"properties":{"canary":{}}}`, `{"properties":{},"required":1}`} {
		if got, err := withCanary(json.RawMessage(bad), "abc"); err == nil {
			t.Errorf("%s gives %s", bad, got)
		}
	}
	c := newClient(t, direct(&fake.Server{}), nil)
	if _, err := c.Probe(t.Context(), Call{Schema: json.RawMessage(`{}`)}); KindOf(err) != BadRequest {
		t.Errorf("a schema without properties: %v", err)
	}
}
