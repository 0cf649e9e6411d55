"""``gateway schemas apply``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli.console import line, open_console, print_json, printable
from gateway.cli.exits import Exit
from gateway.cli.parameters import Output, OutputFormat
from gateway.cli.renderings.plans import summary, title
from gateway.cli.schemas.folders import FOLDER, OptionalConfig, Place, RegistryUrl, find_place, open_registry
from gateway.cli.schemas.plan import DeleteOrphans, Permanent, Prefix, make, orphans, show
from gateway.errors import GatewayError, PeerError
from gateway.plan.changes import Plan
from gateway.plan.document import read_plan
from gateway.registry.execution import Result, Step, execute


def apply(  # noqa: PLR0917 - the options of a command, which typer passes by name
    plan: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="What plan --out wrote; without, a plan is made and shown.")
    ] = None,
    config: OptionalConfig = None,
    registry: RegistryUrl = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="The contracts to plan for; without, gateway.yaml's, or ./schemas.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Without PLAN: do not ask.")] = False,
    prefix: Prefix = "",
    delete_orphans: DeleteOrphans = False,
    permanent: Permanent = False,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Execute a plan, change by change, where the registry is still as the plan expects it. Safe to repeat.

    Example: `gateway schemas apply plan.json`

    Exit codes: 0 all of it holds, 1 it cannot be applied, was not wanted, or stopped at a change, 2 a file cannot be
    used, 3 the registry cannot be reached.
    """
    console = open_console()
    # A plan says what is to be done: then gateway.yaml is read only for the registry.
    place = find_place(folder or (None if plan is None else FOLDER), config, registry)
    if plan is not None:
        if folder is not None or delete_orphans or permanent or prefix:
            raise typer.BadParameter(
                "--folder, --prefix, --delete-orphans and --permanent are for a plan that is made here"
            )
        made = read_plan(plan).plan
    else:
        made = make(place, orphans(prefix, delete=delete_orphans, permanent=permanent))
        if output is Output.TEXT:
            show(made, console)
    steps: list[Step] = []
    if made.blocked or made.conflicts:
        subjects = ", ".join([change.subject for change in made.blocked] + [note.subject for note in made.conflicts])
        refusal = GatewayError(
            f"nothing was changed: the plan cannot be applied ({subjects}); gateway schemas plan says why"
        )
        if output is Output.JSON:
            print_json(_as_json(made, steps, refusal))
        _say(str(refusal))
        raise typer.Exit(Exit.FOUND)
    if plan is None and made.changes and not yes:
        _ask(made)
    failure = asyncio.run(_run(place, made, steps, console if output is Output.TEXT else None))
    if output is Output.JSON:
        print_json(_as_json(made, steps, failure))
    elif failure is None and not made.changes:
        if plan is not None:
            console.print(line((summary(made), "bold")))
    elif failure is None:
        done = sum(step.result is Result.DONE for step in steps)
        console.print(line((f"{len(steps)} of {len(made.changes)} changes hold, {done} made now", "bold")))
    if failure is not None:
        _say(str(failure))
        _say(_remaining(made, steps))
        raise typer.Exit(Exit.UNREACHABLE if isinstance(failure, PeerError) else Exit.FOUND)


async def _run(place: Place, made: Plan, steps: list[Step], console: Console | None) -> GatewayError | None:
    """Executes, adding to ``steps`` what holds; what ended it early, None if nothing did."""
    async with open_registry(place) as client:
        if client.urls != made.urls:
            ours, theirs = ", ".join(client.urls), ", ".join(made.urls)
            return GatewayError(
                f"the plan was made for {theirs}, and this is {ours}: plan again, or name the other one"
            )
        try:
            async for step in execute(client, made):
                steps.append(step)
                if console is not None:
                    mark = "done" if step.result is Result.DONE else "held"
                    told = f"{step.change.subject}: {title(step.change)}: {step.detail}"
                    console.print(line((f"{mark}  ", "green"), (printable(told), "")))
        except GatewayError as exc:
            return exc
    return None


def _remaining(made: Plan, steps: list[Step]) -> str:
    """What was not done, and how to go on."""
    if not steps:
        return "nothing was changed"
    if len(steps) == len(made.changes):
        return "all changes hold"
    first = made.changes[len(steps)]
    left = len(made.changes) - len(steps)
    return (
        f"stopped at change {len(steps) + 1} of {len(made.changes)}, {first.subject}: {title(first)}; {left} not made. "
        "What was made stays. When the cause is mended, apply the same plan again, or plan anew"
    )


def _ask(made: Plan) -> None:
    """Asks the person. Raises Exit where the answer is no, BadParameter where nobody can answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to be asked: add --yes, or apply a plan file")
    if not typer.confirm(f"Make {len(made.changes)} changes at {', '.join(made.urls)}?"):
        _say("nothing was changed")
        raise typer.Exit(Exit.FOUND)


def _say(text: str) -> None:
    typer.echo(f"gateway schemas apply: {printable(text)}", err=True)


def _as_json(made: Plan, steps: list[Step], failure: GatewayError | None) -> dict[str, object]:
    done = [
        {"subject": step.change.subject, "do": step.change.do, "result": step.result, "detail": step.detail}
        for step in steps
    ]
    return {
        "ok": failure is None,
        "changes": len(made.changes),
        "steps": done,
        "failure": None if failure is None else str(failure),
    }
