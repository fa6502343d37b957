"""The costs of `embed_corpus`: memory, time against `nlp.pipe`, processes, Ray, and a plan past one machine.

Each command measures one thing and writes its section of `benchmarks/SCALE.md`. `benchmarks/scale.json` keeps
the numbers that `plan` needs. Each run is a fresh process, unless a command says otherwise.
"""

import typer
from scale_memory import memory
from scale_plan import plan
from scale_processes import processes, ray
from scale_reading import reading
from scale_throughput import throughput

app = typer.Typer(no_args_is_help=True)
for command in (memory, throughput, processes, ray, reading, plan):
    app.command()(command)

if __name__ == "__main__":
    app()
