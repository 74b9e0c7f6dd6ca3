package enrich

import "github.com/personagen/personagen/engine/endpoint"

// ReadAnswer returns the texts of the named members of a model's answer, read as those of
// texts are. The fault says why an answer that was paid for is worthless, "" if it is not;
// failed is a failure of the endpoint.
func ReadAnswer(answer endpoint.Answer, err error, names ...string) (members map[string]string, fault string, failed error) {
	text, fault, failed := answerText(answer, err)
	if failed != nil || fault != "" {
		return nil, fault, failed
	}
	found, err := parseAnswer(text, names)
	if err != nil {
		return nil, err.Error(), nil
	}
	members = map[string]string{}
	for name, member := range found {
		if value, ok := asText(member); ok {
			members[name] = value
		}
	}
	return members, "", nil
}
