"""Do steps side by side: those that wait for the network next to the one that computes."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING

from provisioning.model import LackingError, Lane, Outcome, ProvisioningError, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from provisioning.model import Step
    from provisioning.workshop import Workshop

_WORKERS = {Lane.FETCH: 2, Lane.BUILD: 1}  # a build uses every processor by itself


def perform(steps: Sequence[Step], shop: Workshop) -> Iterator[Outcome]:
    """Do every step, and yield what became of each as soon as that is known.

    A step starts when all that it needs is there; where that fails, it is skipped.
    """
    waiting, running = list(steps), set[Future[Outcome]]()
    ended: dict[str, Outcome] = {}
    with ExitStack() as stack:
        lanes = {
            lane: stack.enter_context(ThreadPoolExecutor(count)) for lane, count in _WORKERS.items()
        }
        while waiting or running:
            for step in [step for step in waiting if all(need in ended for need in step.needs)]:
                waiting.remove(step)
                if blocker := next((n for n in step.needs if not ended[n].state.good), None):
                    ended[step.name] = _ended(step, State.SKIPPED, 0, f"it needs {blocker}")
                    yield ended[step.name]
                else:
                    running.add(lanes[step.lane].submit(do, step, shop))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for outcome in (future.result() for future in done):
                ended[outcome.step.name] = outcome
                yield outcome


def do(step: Step, shop: Workshop) -> Outcome:
    """Do one step, unless it is there already."""
    began = time.monotonic()
    if shop.has(step):
        return _ended(step, State.READY, began)
    try:
        _lay(step, shop)
    except LackingError as error:
        return _ended(step, State.LACKING, began, f"this needs {error}")
    except (ProvisioningError, OSError) as error:
        return _ended(step, State.FAILED, began, str(error))
    return _ended(step, State.DONE, began)


def _ended(step: Step, state: State, began: float, reason: str = "") -> Outcome:
    seconds = time.monotonic() - began if began else 0
    return Outcome(step=step, state=state, seconds=seconds, reason=reason)


def _lay(step: Step, shop: Workshop) -> None:
    """Make what a step brings in a room of its own, put it into its place, and prove it."""
    for program in step.recipe.programs:
        if shutil.which(program) is None:
            message = f"the program {program}"
            raise LackingError(message)
    final, room = shop.root / step.name, shop.work / "rooms" / step.name
    shop.unstamp(step)
    room.mkdir(parents=True)
    step.recipe.make(shop, room, final)
    if step.recipe.movable:
        _replace(final, room)
    try:
        _finish(step, shop, final)
    except (ProvisioningError, OSError):
        if step.recipe.movable:
            shutil.rmtree(final, ignore_errors=True)  # nobody must find a runtime that is broken
        raise
    shop.stamp(step)


def _finish(step: Step, shop: Workshop, final: Path) -> None:
    """Do what can be done in place, and start what the step brought."""
    step.recipe.settle(shop, final)
    if not shop.proves(step.proof):
        message = f"{step.proof.program} does not say {step.proof.says!r}"
        raise ProvisioningError(message)


def _replace(final: Path, room: Path) -> None:
    """Put a complete folder into its place, with no moment at which half of it is there."""
    if final.exists():
        final.rename(room.with_name(f"{room.name}.before"))
    room.rename(final)
