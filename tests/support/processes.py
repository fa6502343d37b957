"""Processes that others have started."""

import subprocess


def group_of(pid: int) -> list[tuple[int, str]]:
    """The processes of a group, without those that have ended."""
    command = ["ps", "-eww", "-o", "pid=,pgid=,args="]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    processes = [line.split(maxsplit=2) for line in shown.stdout.splitlines()]
    return [
        (int(process), args)
        for process, group, args in processes
        if int(group) == pid and "<defunct>" not in args
    ]
