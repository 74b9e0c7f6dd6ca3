package spec

import (
	"encoding/json"
	"strconv"
)

// JSON returns the JSON encoding of the node's value. A condition is null.
func (n *Node) JSON() json.RawMessage {
	switch n.Kind {
	case BoolNode:
		return strconv.AppendBool(nil, n.Bool)
	case NumberNode:
		return json.RawMessage(n.String)
	case StringNode:
		return quote(n.String)
	case ListNode:
		out := []byte{'['}
		for i, item := range n.Items {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, item.JSON()...)
		}
		return append(out, ']')
	case StructNode:
		out := []byte{'{'}
		for i, f := range n.Fields {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(append(out, quote(f.Name)...), ':'), f.Value.JSON()...)
		}
		return append(out, '}')
	}
	return json.RawMessage("null")
}

func quote(text string) []byte {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has an encoding
	}
	return data
}
