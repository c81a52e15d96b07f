"""The values of provisioning: a step, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.workshop import Workshop


class ProvisioningError(Exception):
    """Base of every error that ends a step."""


class LackingError(ProvisioningError):
    """The machine lacks something that a step cannot bring itself."""


@dataclass
class CommandError(ProvisioningError):
    """A command that a step started has failed.

    Attributes:
        command: what was started.
        status: its exit status, negative for a signal.
        tail: the last lines that it wrote.
        log: where all that it wrote is kept.
    """

    command: tuple[str, ...]
    status: int
    tail: str
    log: Path

    def __str__(self) -> str:
        """Say which command failed and how, with its last words below."""
        words = "\n".join(f"    {line}" for line in self.tail.splitlines())
        first = " ".join(self.command[:4])
        return f"exit {self.status} of `{first} ...`, log in {self.log}\n{words}".rstrip()


class Recipe(Protocol):
    """How a step is done. Its `repr` tells every parameter, for the stamp is made from it."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that must be on PATH."""

    @property
    def movable(self) -> bool:
        """Whether it fills a folder of its own, to be renamed into its place when complete."""

    def make(self, shop: Workshop, room: Path, final: Path) -> None:
        """Fill an empty folder that will be renamed to its final place.

        Raises:
            ProvisioningError: it cannot be done here.
        """

    def settle(self, shop: Workshop, final: Path) -> None:
        """Do what is possible in the final place only, where the runtime can be started."""


class Lane(StrEnum):
    """What a step mostly waits for; steps of different lanes are done side by side."""

    FETCH = "fetch"  # the network
    BUILD = "build"  # every processor


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """How to see that a step is really done: by starting what it brought.

    Attributes:
        program: below the provisioned folder where it contains a slash, else on PATH.
        arguments: for it.
        says: what its output must contain.
    """

    program: str
    arguments: tuple[str, ...]
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to provision.

    Attributes:
        name: of the step, of its folder, and of the runtime in the tests.
        about: one line for people.
        recipe: how it is done.
        proof: how to see that it is.
        needs: steps that come before it.
        moving: it comes from a suite that changes, so its failure is reported and tolerated.
        lane: what it mostly waits for.
    """

    name: str
    about: str
    recipe: Recipe
    proof: Proof
    needs: tuple[str, ...] = ()
    moving: bool = False
    lane: Lane = Lane.FETCH


class State(StrEnum):
    """What became of a step."""

    READY = "ready"  # it was there already
    DONE = "done"
    FAILED = "failed"
    LACKING = "lacking"  # the machine lacks something
    SKIPPED = "skipped"  # a step that it needs is not there

    @property
    def good(self) -> bool:
        """Whether the runtime can be used."""
        return self in {State.READY, State.DONE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one step.

    Attributes:
        step: the step.
        state: how it ended.
        seconds: of wall time that it took.
        reason: why it is not there; empty when it is.
    """

    step: Step
    state: State
    seconds: float
    reason: str = ""
