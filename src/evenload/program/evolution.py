"""How a program changes: documents that follow each other, from prices to events to steering all the time (R135)."""

from dataclasses import dataclass
from datetime import date, timedelta

from evenload.base.errors import InputError
from evenload.program.document import ProgramDocument, Supersedes


@dataclass(frozen=True, slots=True)
class Evolution:
    """Documents of one program, oldest first; none is ever taken away.

    Raises ``InputError`` where one does not supersede the one before it, or does not start after it.
    """

    documents: tuple[ProgramDocument, ...]

    def __post_init__(self) -> None:
        if not self.documents:
            raise InputError("a program has at least one document")
        if (first := self.documents[0]).supersedes is not None:
            raise InputError(f"{first} supersedes {first.supersedes}, which is not there")
        for before, after in zip(self.documents, self.documents[1:], strict=False):
            _check_follows(before, after)

    def followed_by(self, document: ProgramDocument) -> "Evolution":
        """The same with one more document."""
        return Evolution((*self.documents, document))

    def on(self, day: date) -> ProgramDocument | None:
        """The document in force on a local date; None before the first and after one that ended."""
        started = [one for one in self.documents if one.starts_on is None or one.starts_on <= day]
        return started[-1] if started and started[-1].is_in_force(day) else None

    def until(self, document: ProgramDocument) -> date | None:
        """The last local date a document is in force; None where its end is not known."""
        place = self.documents.index(document)
        if place + 1 == len(self.documents):
            return document.ends_on
        follows = self.documents[place + 1].starts_on
        superseded = None if follows is None else follows - timedelta(days=1)
        return min((day for day in (superseded, document.ends_on) if day is not None), default=None)


def _check_follows(before: ProgramDocument, after: ProgramDocument) -> None:
    expected = Supersedes(program_id=before.program_id, version=before.version)
    if after.supersedes != expected:
        named = after.supersedes or "nothing"
        raise InputError(f"{after} supersedes {named}, but the last document is {expected}")
    if before.starts_on is not None and after.starts_on is not None and after.starts_on <= before.starts_on:
        raise InputError(f"{after} starts on {after.starts_on}, not after {before}, which starts on {before.starts_on}")
