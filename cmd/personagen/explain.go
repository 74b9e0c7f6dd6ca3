package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/spec/load"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain [TOPIC]",
		Short:   "Explain what a spec may contain",
		Long:    "explain prints the documentation of a topic, such as a kind of field, tables or\nconditions, from the schema of specs. Without a topic it lists the topics.",
		Example: "  personagen explain\n  personagen explain number\n  personagen explain table",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one topic, not %d; %s without a topic lists them", c.CommandPath(), len(args), c.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return load.Topics(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listTopics()
			}
			text, err := load.Explain(args[0])
			if err != nil {
				return usagef("%v", err)
			}
			_, err = fmt.Fprint(a.stdout, text)
			return err
		},
	}
}

// listTopics prints every topic with its first sentence.
func (a *app) listTopics() error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, topic := range load.Topics() {
		text, err := load.Explain(topic)
		if err != nil {
			return err
		}
		head, _, _ := strings.Cut(text, "\n\n")
		sentence, _, _ := strings.Cut(strings.Join(strings.Fields(head), " "), ". ")
		fmt.Fprintf(w, "%s\t%s\n", topic, strings.TrimSuffix(sentence, "."))
	}
	return w.Flush()
}
