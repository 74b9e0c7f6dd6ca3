#!/usr/bin/env bash
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=logs/%x-%A_%a.log
# A task: PROGRAM STEP JOB [TASKS]. Slurm starts it again when its node fails, but not when
# it exits with an error, so it tries again itself after the exit codes that may not occur
# again.
set -u

program=$1
step=("$2" "$3")
if [ $# -gt 3 ]; then
	step+=("$SLURM_ARRAY_TASK_ID/$4") # a share of the parts or reductions
fi

for pause in 10 60 0; do
	"$program" job "${step[@]}" --quiet --workers "${SLURM_CPUS_PER_TASK:-1}"
	code=$?
	case $code in
	0 | 2 | 3 | 4) exit "$code" ;;
	esac
	echo "${step[*]} ended with $code on $(hostname)" >&2
	sleep "$pause"
done
exit "$code"
