"""A plan for more texts than one machine can embed: measurements, assumptions and the arithmetic."""

from typing import Annotated

import typer
from report import markdown_table
from scale_numbers import NUMBERS, kept, write_found
from scale_reading import SERIAL
from scale_runs import Rows

BILLION = 10**9
#: Names of the numbers that `plan` needs.
NEEDED = (
    *("rows_a_second_a_core", "efficiency", "input_bytes_a_row", "output_bytes_a_row"),
    *(f"{name}_rows_a_second" for name in SERIAL),
)
Price = Annotated[float, typer.Option(help="USD an hour; an assumption")]


def plan(
    rows: Rows = BILLION,
    cpu_cores: Annotated[int, typer.Option(help="Of a CPU node; an assumption")] = 16,
    cpu_price: Price = 0.60,
    gpu_price: Price = 1.10,
    gpu_slowest: Annotated[float, typer.Option(help="Rows a second on a GPU node; an assumption")] = 1500,
    gpu_fastest: Annotated[float, typer.Option(help="Rows a second on a GPU node; an assumption")] = 14_000,
    storage_price: Annotated[float, typer.Option(help="USD a GB and month; an assumption")] = 0.023,
) -> None:
    """Compute cost and time of a billion texts from the other commands' measurements and from assumptions."""
    numbers = kept()
    if missing := [name for name in NEEDED if name not in numbers]:
        raise typer.BadParameter(
            f"{NUMBERS} lacks {missing}. Run the commands 'memory', 'processes' and 'reading' first."
        )
    of_node = rate_in_use(numbers) * cpu_cores
    equal = of_node * gpu_price / cpu_price
    paragraphs = [
        "Computed, not run. **(a)** marks an assumption, an option of the command; all else was "
        "measured on this machine by the commands above, on texts of 3 to 30 words.",
        cpu_nodes(rows, numbers, cpu_cores, cpu_price),
        gpu_nodes(rows, gpu_slowest, gpu_fastest, gpu_price),
        f"A GPU node costs less than a CPU node for the same work from {of_node:,.0f} * {gpu_price:.2f} / "
        f"{cpu_price:.2f} = {equal:,.0f} rows a second.",
        storage(rows, numbers, storage_price),
        serial_parts(rows, numbers),
    ]
    write_found(f"Plan for {rows:,} texts", "\n\n".join(paragraphs))


def rate_in_use(numbers: dict[str, float]) -> float:
    """Return the rows a second of a core while all other cores of its machine work too."""
    return numbers["rows_a_second_a_core"] * numbers["efficiency"]


def cpu_nodes(rows: int, numbers: dict[str, float], cores: int, price: float) -> str:
    """Describe CPU nodes, from what this machine's cores do.

    Args:
        rows: how many texts.
        numbers: the measurements.
        cores: of a node.
        price: of a node, USD an hour.

    Returns:
        A paragraph and a table.
    """
    of_node = rate_in_use(numbers) * cores
    return (
        f"Rows a second of a CPU node: {numbers['rows_a_second_a_core']:.0f} of one core * "
        f"{numbers['efficiency']:.2f}, what is left of it with all cores at work, * {cores} cores **(a)** = "
        f"{of_node:,.0f}. A core of another kind, or one that is half of a physical one, gives another "
        f"number.\n\n{nodes_table(rows, of_node, price, f'CPU, {of_node:,.0f} rows/s')}"
    )


def gpu_nodes(rows: int, slowest: float, fastest: float, price: float) -> str:
    """Describe GPU nodes at both ends of a range of rows a second.

    Args:
        rows: how many texts.
        slowest: rows a second of a node, at least.
        fastest: rows a second of a node, at most.
        price: of a node, USD an hour.

    Returns:
        A paragraph and two tables.
    """
    tables = [
        nodes_table(rows, rate, price, f"GPU **(a)**, {rate:,.0f} rows/s") for rate in (slowest, fastest)
    ]
    how = (
        f"GPU nodes were **not measured**. Rows a second of one are a range **(a)**: {slowest:,.0f} "
        "if one process does the work around the forward pass (tokens, words, selection), about 0.67 ms a "
        "text by RESULTS.md, stock * (trend_vector - limit) of the short mixed texts, with two cores; "
        f"{fastest:,.0f} if several processes share the GPU and do that work fast enough to keep it busy. "
        "Node hours = rows / rows a second / 3600; USD = node hours * price."
    )
    return "\n\n".join([how, *tables])


def nodes_table(rows: int, rate: float, price: float, name: str) -> str:
    """Make a table of hours and cost on different numbers of nodes of a kind.

    Args:
        rows: how many texts.
        rate: rows a second of one node.
        price: of one node, USD an hour.
        name: of the kind.

    Returns:
        A line and a table.
    """
    hours = hours_of(rows, rate)
    header = [name, "hours", f"USD, at {price:.2f} an hour **(a)**"]
    table = [
        [f"{nodes} node{'s' if nodes > 1 else ''}", f"{hours / nodes:,.1f}", f"{hours * price:,.0f}"]
        for nodes in (1, 10, 100)
    ]
    return f"{rows:,} / {rate:,.0f} / 3600 = {hours:,.1f} node hours.\n\n{markdown_table(header, table)}"


def hours_of(rows: int, rate: float) -> float:
    """Return how many hours the rows take at a rate in rows a second."""
    return rows / rate / 3600


def storage(rows: int, numbers: dict[str, float], price: float) -> str:
    """Describe how much is read and written, and what it costs to store it.

    Args:
        rows: how many texts.
        numbers: the measurements.
        price: USD a GB and month.

    Returns:
        A paragraph.
    """
    bytes_in, bytes_out = numbers["input_bytes_a_row"], numbers["output_bytes_a_row"]
    gigabytes_in, gigabytes_out = rows * bytes_in / 1e9, rows * bytes_out / 1e9
    return (
        f"Storage: texts {bytes_in:.0f} bytes * {rows:,} = {gigabytes_in:,.0f} GB; Parquet {bytes_out:.0f} "
        f"bytes * {rows:,} = {gigabytes_out:,.0f} GB, * {price:.3f} USD **(a)** = "
        f"{gigabytes_out * price:,.0f} USD a month."
    )


def serial_parts(rows: int, numbers: dict[str, float]) -> str:
    """Describe what one process does for all, and when it becomes the limit.

    Args:
        rows: how many texts.
        numbers: the measurements.

    Returns:
        A paragraph.
    """
    rates = {name: numbers[f"{name}_rows_a_second"] for name in SERIAL}
    hours = {name: hours_of(rows, rate) for name, rate in rates.items()}
    of_core, efficiency = numbers["rows_a_second_a_core"], numbers["efficiency"]
    return (
        f"What one process does for all, from {rows:,} / rows a second / 3600: scanning the input before "
        f"the work, {hours['surveyed']:.1f} hours, and again at each restart. On one machine it then reads "
        f"{rates['handed']:,.0f} rows a second to hand them out: enough for {rates['handed']:,.0f} / "
        f"({of_core:.0f} * {efficiency:.2f}) = {rates['handed'] / rate_in_use(numbers):.0f} cores. With "
        f"Ray it reads and writes all texts for its actors before the work, "
        f"{hours['handed'] + hours['staged']:.1f} hours, while the nodes wait; the actors write shards. A "
        f"run that goes on proves what earlier ones wrote, up to {hours['proven']:.1f} hours. To wait less, "
        "cut the input into parts, each with a run and a folder of its own."
    )
