package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/job"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/run"
)

func (a *app) jobCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "job",
		Short: "Make a population in parts, on any number of machines",
		Long: `job makes a population in parts that Spark, Slurm, Kubernetes or a shell loop can run
on any number of machines. JOB is where the job and its release are: a folder that
all machines share, or s3://BUCKET/PREFIX. Each step may be killed and started
again, and may run twice at once. The release has the files of
run --rows-per-file, byte for byte.

  1  job new SPEC --to JOB   seals the plan and how the population is divided
  2  job part JOB I          makes one part, or several as I..J; parts are numbered from 0
  3  job reduce JOB P        joins what was gathered, after all parts; numbered from 0
  4  job commit JOB          writes statistics, report, card and last the manifest

Exit codes say whether to try again: after 1 yes; after 5 later, once an earlier step is
done, or to go on with texts of a model; after 2, 3 and 4 never.

An S3 service other than Amazon's is named by AWS_ENDPOINT_URL. The credentials are those
of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, of the shared file, or of the machine.`,
		Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.jobNewCommand(), a.jobPartCommand(), a.jobReduceCommand(), a.jobCommitCommand(), a.jobStatusCommand(), a.jobSweepCommand(), a.jobExportCommand())
	return c
}

type jobNewOptions struct {
	persons  personFlags
	to       string
	partRows int64
	formats  string
	aliases  string
	writer   writerFlags
	ask      askFlags
	quiet    bool
}

func (a *app) jobNewCommand() *cobra.Command {
	o := jobNewOptions{}
	c := &cobra.Command{
		Use:   "new SPEC --to JOB",
		Short: "Seal a plan and how its population is divided",
		Long: `new compiles and fits a spec, and puts the sealed plan into a folder or a bucket, with
the number of parts. A job does not change: to make another population, make another
job in another place. The same job may be made again.

With --provider a model writes the texts. The job says which, how many calls may be in
flight and what they may cost, for all parts together: each part takes its share of the
calls and rates of --at-once parts, so that no more parts than that may be made at the
same time, and money from the budget slice by slice, handing back what it did not spend.
The key is not in the job: job part finds it. With --mode batch each part sends its
requests in files and waits for the answers, which takes up to a day. What the texts will cost is estimated and
printed, from the first 98,304 personas, and a person at a terminal is asked first, as by
run.`,
		Example:           "  personagen job new island.cue -n 10000000 --format parquet --to jobs/island",
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.jobNew(c, args[0], o) },
	}
	f := c.Flags()
	o.persons.add(f)
	f.StringVar(&o.to, "to", "", "folder or s3://BUCKET/PREFIX of the job and its release (required)")
	f.Int64Var(&o.partRows, "part-rows", job.DefaultPartRows, "number of persons of a part, a multiple of 32,768")
	f.StringVar(&o.formats, "format", "", "data formats, separated by commas (default "+strings.Join(dataset.FormatNames(), ",")+")")
	f.StringVar(&o.aliases, "aliases", "", "write the columns of this set of the spec's aliases")
	o.writer.addSealed(f)
	o.ask.add(f, "")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress and no summary")
	f.BoolVar(&a.json, "json", false, "print the job as one JSON document")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(dataset.FormatNames(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(run.Modes(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) jobNew(c *cobra.Command, spec string, o jobNewOptions) error {
	if o.to == "" {
		return usagef("name the folder or s3://BUCKET/PREFIX of the job with --to")
	}
	to, err := openStore(o.to)
	if err != nil {
		return err
	}
	cfg, err := o.persons.config(c, spec)
	if err != nil {
		return err
	}
	cfg.Formats = splitList(o.formats)
	if err := errors.Join(checkFormats(cfg.Formats), checkRowsPerFile("part-rows", o.partRows)); err != nil {
		return err
	}
	if err := o.writer.apply(c, &cfg); err != nil {
		return err
	}
	if err := a.applyAsk(&o.ask, c, &cfg.Writer); err != nil {
		return err
	}
	cfg.Aliases = o.aliases
	progress := a.newProgress(o.quiet)
	cfg.Events, cfg.Warnings = progress.event, a.warnings
	j, err := job.New(c.Context(), to, cfg, o.partRows)
	progress.finish()
	switch {
	case err != nil:
		return interrupted(c.Context(), err)
	case a.json:
		return a.document(struct {
			*job.Job
			Forecast *run.TextForecast `json:"forecast,omitempty"`
		}{j, j.Forecast()})
	case o.quiet:
		return nil
	}
	fmt.Fprintf(a.stdout, "%s in %s of %s, to be joined in %s\n", humanize.Count(j.Population.Size, "persona", "personas"),
		humanize.Count(int64(j.Parts), "part", "parts"), humanize.Thousands(j.PartRows), humanize.Count(int64(j.Reductions), "reduction", "reductions"))
	if f := j.Forecast(); f != nil {
		fmt.Fprintf(a.stdout, "texts: %s%s\n", estimate(f), budgeted(j.Texts.Budget, f.Currency))
	}
	at := humanize.ShellWord(o.to)
	fmt.Fprintf(a.stdout, "  personagen job part %s 0..%d\n  personagen job reduce %s 0..%d\n  personagen job commit %s\n", at, j.Parts-1, at, j.Reductions-1, at)
	return nil
}

// budgeted says what limits the cost of a job's texts.
func budgeted(budget float64, currency string) string {
	if budget == 0 {
		return "; no --budget limits the cost"
	}
	return fmt.Sprintf("; the budget is %.2f %s", budget, cmp.Or(currency, endpoint.Prices().Currency))
}

// stepFlags are the flags of the commands that take part in a job.
type stepFlags struct {
	workers int
	temp    string
	quiet   bool
	// of parts
	writer    writerFlags
	unwatched bool
}

func (o *stepFlags) add(f *pflag.FlagSet) {
	f.IntVar(&o.workers, "workers", 0, "number of goroutines that make persons (default one per core)")
	f.StringVar(&o.temp, "temp", "", "folder for temporary files (default the system's)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress and no summary")
}

// options returns the options of a step; finish ends its progress.
func (a *app) stepOptions(o *stepFlags) (options job.Options, finish func() time.Duration, err error) {
	if o.workers < 0 {
		return options, nil, usagef("--workers must be at least 1, or 0 for one per core, not %d", o.workers)
	}
	progress := a.newProgress(o.quiet)
	w := run.Writer{Trust: o.writer.trust, Unwatched: o.unwatched}
	w.Endpoint.KeyVar, w.Endpoint.KeyFile = o.writer.keyVar, o.writer.keyFile
	return job.Options{Version: version, Workers: o.workers, Temp: o.temp, Events: progress.event, Writer: w}, progress.finish, nil
}

func (a *app) jobPartCommand() *cobra.Command {
	return a.stepCommand("part", "part", "Make one part of a job, or several", `part makes the files of one part, of several as I..J, or of a share of all parts as I/N.
Parts and shares are numbered from 0, as files are. A part that is made already is skipped.

Texts that a model writes are in the job as they are accepted, and a part that is started
again buys none of them twice. A kill loses at most the calls in flight and answers of the
last moment that were not in the job yet; the rest of the killed part's slice of the budget
counts as spent. Two processes that make the same part at the same time both pay. Batches
stay at the provider when a process is killed or interrupted, and the same command collects
them; of two processes, the later one takes over. Exit code 5 means that texts are missing, such as when the budget is spent or the endpoint is lost:
the same command continues, also with what other parts have handed back.`, "  personagen job part jobs/island 0..9", job.Part, func(j *job.Job) int { return j.Parts })
}

func (a *app) jobReduceCommand() *cobra.Command {
	return a.stepCommand("reduce", "reduction", "Join what was gathered of the parts of a job", `reduce joins what was gathered of some parts, and compares all persons of one partition
with each other. Reductions are numbered from 0; job status and job new say how many there
are. All parts must be made. A reduction that is made already is skipped.`, "  personagen job reduce jobs/island 0", job.Reduce, func(j *job.Job) int { return j.Reductions })
}

// stepCommand returns the command of a step that is done by numbers, of which a job has count.
func (a *app) stepCommand(name, noun, short, long, example string, step func(context.Context, store.Store, job.Range, job.Options) (job.Done, error), count func(*job.Job) int) *cobra.Command {
	o := stepFlags{}
	c := &cobra.Command{
		Use: name + " JOB I[..J|/N]", Short: short, Long: long, Example: example,
		Args: argCount(2, "a JOB and the number of a "+noun+", a range I..J, or a share I/N"),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := openStore(args[0])
			if err != nil {
				return err
			}
			of, n, err := parseRange(args[1])
			if err != nil {
				return err
			}
			options, finish, err := a.stepOptions(&o)
			if err != nil {
				return err
			}
			if n > 0 {
				j, err := job.Read(c.Context(), in)
				if err != nil {
					return interrupted(c.Context(), err)
				}
				of = job.Share(of.First, n, count(j))
			}
			var done job.Done
			if of.First <= of.Last { // a share may be empty
				done, err = step(c.Context(), in, of, options)
			}
			finish()
			switch {
			case err != nil:
				return interrupted(c.Context(), err)
			case a.json:
				return a.document(done)
			case !o.quiet:
				fmt.Fprintf(a.stdout, "%s made, %d made before\n", humanize.Count(int64(done.Made), noun, noun+"s"), done.Skipped)
			}
			return nil
		},
	}
	o.add(c.Flags())
	if name == "part" {
		o.writer.addKey(c.Flags())
		c.Flags().BoolVar(&o.unwatched, "no-monitor", false, "continue even if texts are missing from one group of people more often than from others")
	}
	c.Flags().BoolVar(&a.json, "json", false, "print the summary as one JSON document, progress as JSON lines on stderr")
	return c
}

func (a *app) jobCommitCommand() *cobra.Command {
	o := stepFlags{}
	verify := false
	c := &cobra.Command{
		Use:   "commit JOB",
		Short: "Write statistics, report, card and manifest of a job",
		Long: `commit writes the documents of the release, and last the manifest. All parts and
reductions must be made. Exit code 4 means that the release is written and a check failed.

A part reads its files back before it counts as made, and commit compares their sizes. To
know that no file was damaged since then, add --verify, which reads all of them, or run
validate on the release afterwards, which takes longer and checks more.`,
		Example: "  personagen job commit jobs/island",
		Args:    argCount(1, "exactly one JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := openStore(args[0])
			if err != nil {
				return err
			}
			options, finish, err := a.stepOptions(&o)
			if err != nil {
				return err
			}
			summary, err := job.Commit(c.Context(), in, verify, options)
			if dataset.IsDiskFull(err) {
				err = interrupted(c.Context(), err)
			}
			return a.released(c.Context(), summary, finish(), o.quiet, err)
		},
	}
	o.add(c.Flags())
	c.Flags().BoolVar(&verify, "verify", false, "read all data files, and write nothing if one is not what its part made")
	c.Flags().BoolVar(&a.json, "json", false, "print the summary as one JSON document")
	return c
}

func (a *app) jobStatusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status JOB",
		Short: "Show how far a job is",
		Long: `status counts the parts and reductions of a job that are made, and names those that are
missing, as part and reduce take them.`,
		Example: "  personagen job status jobs/island",
		Args:    argCount(1, "exactly one JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := openStore(args[0])
			if err != nil {
				return err
			}
			s, err := job.Status(c.Context(), in)
			switch {
			case err != nil:
				return interrupted(c.Context(), err)
			case a.json:
				return a.document(s)
			}
			fmt.Fprintf(a.stdout, "%s: %s of %s, seed %d\n", in, humanize.Count(s.Population.Size, "persona", "personas"), s.Name, s.Population.Seed)
			fmt.Fprintf(a.stdout, "parts: %d of %d made%s\n", s.Done, s.Parts, missing(s.MissingParts))
			fmt.Fprintf(a.stdout, "reductions: %d of %d made%s\n", s.Reduced, s.Reductions, missing(s.MissingReductions))
			fmt.Fprintf(a.stdout, "committed: %s\n", map[bool]string{true: "yes", false: "no"}[s.Committed])
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print the job and what is missing as one JSON document")
	return c
}

// missing names a few of the missing ranges.
func missing(ranges []string) string {
	const most = 10
	switch {
	case len(ranges) == 0:
		return ""
	case len(ranges) > most:
		return fmt.Sprintf("; missing: %s and %d more", strings.Join(ranges[:most], " "), len(ranges)-most)
	}
	return "; missing: " + strings.Join(ranges, " ")
}

func (a *app) jobSweepCommand() *cobra.Command {
	o := stepFlags{}
	unfinished := false
	c := &cobra.Command{
		Use:   "sweep JOB",
		Short: "Remove what a job does not need any more",
		Long: `sweep removes what a committed job needed only to be made: under _job/, the plan and the
receipts stay. With --unfinished it removes what killed attempts have left, and what is not
as the receipts say, for which it reads all files, so that parts and reductions can be made
again; no part may be in the making then.`,
		Example: "  personagen job sweep jobs/island",
		Args:    argCount(1, "exactly one JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := openStore(args[0])
			if err != nil {
				return err
			}
			swept, err := job.Sweep(c.Context(), in, unfinished, job.Options{Version: version, Temp: o.temp})
			switch {
			case err != nil:
				return interrupted(c.Context(), err)
			case a.json:
				return a.document(swept)
			}
			fmt.Fprintf(a.stdout, "%s removed, %s\n", humanize.Count(int64(swept.Objects), "object", "objects"), size(swept.Bytes))
			return nil
		},
	}
	c.Flags().BoolVar(&unfinished, "unfinished", false, "remove what killed attempts have left, and what was changed since it was made")
	c.Flags().StringVar(&o.temp, "temp", "", "folder for temporary files (default the system's)")
	c.Flags().BoolVar(&a.json, "json", false, "print the summary as one JSON document")
	return c
}

func openStore(address string) (store.Store, error) {
	s, err := store.Open(address)
	if errors.Is(err, store.ErrUnfit) {
		return nil, usagef("%s", strings.TrimPrefix(err.Error(), store.ErrUnfit.Error()+": "))
	}
	return s, err
}

// parseRange parses "I" or "I..J", or "I/N" as share I of n.
func parseRange(text string) (of job.Range, n int, err error) {
	wrong := usagef("%q must be a number from 0 on, or a range such as 0..9, or a share such as 0/10, which is the first of ten", text)
	if share, all, shared := strings.Cut(text, "/"); shared {
		i, err := strconv.Atoi(share)
		n, err2 := strconv.Atoi(all)
		if err != nil || err2 != nil || i < 0 || i >= n || n > 1<<30 {
			return of, 0, wrong
		}
		return job.Range{First: i, Last: i}, n, nil
	}
	low, high, several := strings.Cut(text, "..")
	if !several {
		high = low
	}
	first, err := strconv.Atoi(low)
	last, err2 := strconv.Atoi(high)
	if err != nil || err2 != nil || first < 0 || last < first {
		return of, 0, wrong
	}
	return job.Range{First: first, Last: last}, 0, nil
}

// errStepDisk is the error of a step of a job that has no space left.
var errStepDisk = errors.New("the disk is full: free some space and start the same command again")

// interrupted makes the error of a step that was interrupted that of its context, and says what
// to do about a full disk.
func interrupted(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Canceled
	case dataset.IsDiskFull(err):
		return fmt.Errorf("%w; %w", err, errStepDisk)
	}
	return err
}
