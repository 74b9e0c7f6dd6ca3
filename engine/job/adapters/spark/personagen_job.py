"""Makes a job of personagen with Spark; a part or a reduction is a task.

spark-submit --master URL --files /path/to/personagen personagen_job.py

All executors must reach the job's folder or bucket. A task that fails is run again by
Spark, up to spark.task.maxFailures times. A fault that would occur again ends the
application with the exit code of the program. A finished part is skipped, so the same
command continues after any failure.
"""

import os
import subprocess
import sys
import time

from pyspark import SparkContext, SparkFiles, TaskContext

JOB = {{json .Address}}
PARTS = {{.Parts}}
REDUCTIONS = {{.Reductions}}
AT_ONCE = {{if .AtOnce}}{{.AtOnce}}{{else}}PARTS{{end}}  # parts that may be made at the same time

# Exit codes after which trying again is of no use: the command line, the job and the
# checks of the release.
FINAL = (2, 3, 4)


def step(*args):
    """Runs a step of the job in a task. Returns the exit code and the messages."""
    program = SparkFiles.get("personagen")
    if not os.access(program, os.X_OK):
        os.chmod(program, 0o755)
    command = [program, "job", *args, "--quiet", "--workers", str(TaskContext.get().cpus())]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    message = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == 0 or done.returncode in FINAL:
        return done.returncode, message
    if done.returncode == 5:  # an earlier step is not visible yet
        time.sleep(10)
    raise RuntimeError(f"job {args[0]} ended with {done.returncode}: {message}")


def run(context, name, number, tasks):
    """Runs the steps 0 to number-1 in tasks, at most so many."""
    numbers = context.parallelize(range(number), min(number, tasks))
    for code, message in numbers.map(lambda i: step(name, JOB, str(i))).collect():
        if code != 0:
            sys.exit(fail(context, code, message))


def fail(context, code, message):
    print(message, file=sys.stderr)
    context.stop()
    return code


def main():
    context = SparkContext.getOrCreate()
    run(context, "part", PARTS, AT_ONCE)
    run(context, "reduce", REDUCTIONS, REDUCTIONS)
    code, message = context.parallelize([0], 1).map(lambda _: step("commit", JOB)).first()
    if code != 0:
        sys.exit(fail(context, code, message))
    context.stop()


if __name__ == "__main__":
    main()
