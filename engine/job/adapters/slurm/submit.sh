#!/usr/bin/env bash
# Submits a job of personagen to Slurm: an array of parts, an array of reductions, and the
# commit, each after the one before has succeeded. Arguments are options for sbatch:
#
#   bash submit.sh --partition batch --time 60
#
# The program is $PERSONAGEN, or personagen in PATH; all nodes must see it, this folder and
# the job. An array has at most MaxArraySize tasks, or $TASKS; each task makes a share of
# the parts. A finished part is skipped, so the same command continues after any failure.
set -euo pipefail
cd "$(dirname "$0")"

job={{sh .Address}}
parts={{.Parts}}
reductions={{.Reductions}}

program=${PERSONAGEN:-$(command -v personagen)} || {
	echo "submit.sh: no personagen in PATH; set PERSONAGEN" >&2
	exit 2
}
most=${TASKS:-$(scontrol show config | awk '$1 == "MaxArraySize" { print $3 }')}
case $most in
'' | *[!0-9]* | 0)
	echo "submit.sh: the number of tasks of an array must be at least 1, not '$most'; set TASKS" >&2
	exit 2
	;;
esac
mkdir -p logs

# submit ARGUMENTS [-- ARGUMENTS OF task.sh] prints the number of the Slurm job.
submit() {
	local id
	id=$(sbatch --parsable --kill-on-invalid-dep=yes "$@")
	echo "${id%%;*}"
}
part_tasks=$((parts < most ? parts : most))
reduce_tasks=$((reductions < most ? reductions : most))

made=$(submit "$@" --job-name=personagen-part --array="0-$((part_tasks - 1)){{if .AtOnce}}%{{.AtOnce}}{{end}}" task.sh "$program" part "$job" "$part_tasks")
reduced=$(submit "$@" --job-name=personagen-reduce --dependency="afterok:$made" --array="0-$((reduce_tasks - 1))" task.sh "$program" reduce "$job" "$reduce_tasks")
committed=$(submit "$@" --job-name=personagen-commit --dependency="afterok:$reduced" task.sh "$program" commit "$job")
echo "$made $reduced $committed"
