"""Whether files can be used: every fault and every warning of every file at once, nothing computed."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.problem import Faults, InputRefused, Problem, Reason, Severity
from margin.read.kind import FileKind, Kind, kind_of
from margin.read.source import STANDARD_INPUT

if TYPE_CHECKING:
    from margin.model.house import HousePolicy
    from margin.model.market import MarketData
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
    from margin.read.positions._notation import Decimal

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ValidatedFile:
    """What was found in one file.

    Attributes:
        path: The file as the user named it, ``-`` for standard input.
        kind: ``parameters``, ``positions``, ``market`` or ``house``; `None` where that cannot be told.
        format: Its format; `None` where that cannot be told.
        faults: How many faults it has, each of which keeps it from being used; also those too many to be listed.
        problems: The first faults and then the warnings.
    """

    path: str
    kind: Kind | None
    format: str | None
    faults: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def warnings(self) -> int:
        """How many warnings it has."""
        return sum(problem.severity is Severity.WARNING for problem in self.problems)

    @property
    def unlisted(self) -> int:
        """How many faults are counted but not listed."""
        return self.faults - (len(self.problems) - self.warnings)

    def with_faults(self, refused: InputRefused) -> ValidatedFile:
        """The file with more faults, before its warnings."""
        known = len(self.problems) - self.warnings
        problems = (*self.problems[:known], *refused.problems, *self.problems[known:])
        return replace(self, faults=self.faults + refused.total, problems=problems)

    def with_warnings(self, problems: Sequence[Problem]) -> ValidatedFile:
        """The file with more warnings."""
        return replace(self, problems=(*self.problems, *problems))


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found in some files.

    Attributes:
        files: The files in the order given, parameters that positions were looked up in first.
    """

    files: tuple[ValidatedFile, ...]

    @property
    def faults(self) -> int:
        """Faults of all files."""
        return sum(file.faults for file in self.files)

    @property
    def warnings(self) -> int:
        """Warnings of all files."""
        return sum(file.warnings for file in self.files)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The listed problems of all files."""
        return tuple(problem for file in self.files for problem in file.problems)

    def to_dict(self) -> dict[str, Any]:
        """The document that ``margin validate --format json`` writes."""
        from margin.model.document import problem_document

        return {
            "schema_version": SCHEMA_VERSION,
            "faults": self.faults,
            "warnings": self.warnings,
            "files": [
                {
                    "path": file.path,
                    "kind": file.kind,
                    "format": file.format,
                    "faults": file.faults,
                    "warnings": file.warnings,
                    "problems": [problem_document(problem) for problem in file.problems],
                }
                for file in self.files
            ],
        }


def validate(
    paths: str | Path | Sequence[str | Path],
    *,
    parameters: str | Path | Sequence[str | Path] = (),
    input_format: str | None = None,
    session: str | None = None,
    market: str | Path | Sequence[str | Path] = (),
    house: HousePolicy | None = None,
    account_type: str | None = None,
    decimal: Decimal | None = None,
    stdin: BinaryIO | None = None,
) -> Validation:
    """Look for everything that is wrong with some files: parameters, positions, market data, house policies.

    Args:
        paths: The files; ``-`` is `stdin`.
        parameters: Parameter files, which are validated too, and in which every position is looked up.
        input_format: Format of all `paths`; default is to tell each by its content.
        session: Which point in time of a parameter file is read, as `read_parameters` takes it.
        market: Market data files, which are validated too, and from which risk arrays are derived.
        house: House policy whose choices decide what would be refused; `None` for the parameters' own or their
            clearing organisation's.
        account_type: Account type of positions that name none, as `calculate` takes it.
        decimal: What text tables write before decimals, as `read_positions` takes it.
        stdin: Stream that ``-`` means; default the process's standard input.

    Returns:
        One entry per file. Nothing that is wrong with a file is raised.

    Raises:
        InputRefused: There is no format of that name.
    """
    given, looked_up_in, derived_from = _named(paths), _named(parameters), _named(market)
    if input_format is not None:
        kind_of("", input_format)
    if STANDARD_INPUT in (*given, *derived_from):
        stdin = io.BytesIO((sys.stdin.buffer if stdin is None else stdin).read())
    reading = _Reading(session, house, decimal, stdin)
    quoted = reading.quoted(derived_from)
    files = [reading.validated(path, None, "parameters") for path in looked_up_in] + quoted
    named = {*looked_up_in, *derived_from}
    files += [reading.validated(path, input_format) for path in given if path not in named]
    if looked_up_in and len(reading.parameters) >= len(looked_up_in):
        files = _with_lookups(files, looked_up_in, reading, account_type)
    return Validation(tuple(files))


def _named(paths: str | Path | Sequence[str | Path]) -> list[str]:
    """The paths, each once."""
    return list(dict.fromkeys(map(str, [paths] if isinstance(paths, str | Path) else paths)))


class _Reading:
    """Reads files one by one, and keeps those that are sound."""

    def __init__(
        self, session: str | None, house: HousePolicy | None, decimal: Decimal | None, stdin: BinaryIO | None
    ) -> None:
        self.session = session
        self.house = house
        self.decimal = decimal
        self.stdin = stdin
        self.parameters: dict[str, ParameterSet] = {}
        self.positions: dict[str, PositionBook] = {}
        self.markets: dict[str, MarketData] = {}
        self.derived_from: MarketData | None = None
        self.lacks_market = False

    def quoted(self, paths: Sequence[str]) -> list[ValidatedFile]:
        """Read the market data that risk arrays are derived from; these are not if any file has a fault."""
        from margin.read.market import read_market

        files = [self._quoted(path) for path in paths]
        self.lacks_market = any(file.faults for file in files)
        if not paths or self.lacks_market:
            return files
        if self.stdin is not None and STANDARD_INPUT in paths:
            self.stdin.seek(0)
        try:
            self.derived_from = read_market(paths, stdin=self.stdin) if len(paths) > 1 else self.markets[paths[0]]
        except InputRefused as refused:
            # Each is sound and they contradict one another: said with the last, which is the one to be left out.
            self.lacks_market = True
            files[-1] = files[-1].with_faults(_placed(refused, files[-1].path))
        return files

    def _quoted(self, path: str) -> ValidatedFile:
        try:
            problems = self._market(path)
        except InputRefused as refused:
            return ValidatedFile(path, "market", None).with_faults(_placed(refused, path))
        return ValidatedFile(path, "market", self.markets[path].sources[0].format).with_warnings(problems)

    def validated(self, path: str, input_format: str | None, wanted: Kind | None = None) -> ValidatedFile:
        """Read a file and say what is wrong with it; where only one kind is `wanted`, another is a fault."""
        found: FileKind | None = None
        try:
            found = kind_of(path, input_format, stdin=self.stdin if path == STANDARD_INPUT else None)
            if wanted not in (None, found.kind):
                message = f"this holds {found.kind} ({found.format}), expected {wanted}; name it without --{wanted}"
                raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=path)])
            readers: dict[Kind, Callable[[], list[Problem]]] = {
                "parameters": lambda: self._parameters(path),
                "positions": lambda: self._positions(path, input_format),
                "market": lambda: self._market(path),
                "house": lambda: self._house(path),
            }
            file = ValidatedFile(path, found.kind, found.format)
            return file.with_warnings(readers[found.kind]())
        except InputRefused as refused:
            file = ValidatedFile(path, found.kind if found else None, found.format if found else None)
            return file.with_faults(_placed(refused, path))

    def _parameters(self, path: str) -> list[Problem]:
        from margin.read.parameters import read_parameters
        from margin.views.validate.coherence import incoherences

        if path == STANDARD_INPUT:
            message = "standard input is read for positions only, and this holds parameters; name a file"
            raise InputRefused([Problem(Reason.UNREADABLE, message, file=path)])
        read = read_parameters([path], session=self.session, cache=False)
        if read.lacks_arrays and self.lacks_market:
            # Nothing is to be said of arrays that lack only market data with faults of their own.
            return [_warning(problem, path) for problem in read.problems]
        if read.pricing_rules is not None and (self.derived_from is not None or read.lacks_arrays):
            read = self._derived(read)
        warnings = [*read.problems, *incoherences(read, self.house or house_of(read))]
        self.parameters[path] = read
        return [_warning(problem, path) for problem in warnings]

    def _positions(self, path: str, input_format: str | None) -> list[Problem]:
        from margin.read.positions import read_positions

        book = read_positions([path], input_format=input_format, decimal=self.decimal, stdin=self.stdin)
        self.positions[path] = book
        return list(book.problems)

    def _derived(self, read: ParameterSet) -> ParameterSet:
        """Parameters with the arrays that market data give; what is wrong with these is said with their file."""
        from margin.value.derived import derive_arrays

        derived = derive_arrays(read, self.derived_from)
        of_market = () if self.derived_from is None else self.derived_from.problems
        return replace(derived, problems=tuple(problem for problem in derived.problems if problem not in of_market))

    def _market(self, path: str) -> list[Problem]:
        from margin.read.market import read_market

        if self.stdin is not None and path == STANDARD_INPUT:
            self.stdin.seek(0)
        self.markets[path] = read_market([path], stdin=self.stdin)
        return list(self.markets[path].problems)

    def _house(self, path: str) -> list[Problem]:
        from margin.read.house_policy import read_house_policy

        # A name without a folder or an ending would be taken for that of a packaged policy.
        read_house_policy(path if path.lower().endswith((".yaml", ".yml")) else Path(path).absolute())
        return []


def house_of(parameters: ParameterSet) -> HousePolicy:
    """The house policy that a calculation would apply to parameters: their own, or their organisation's."""
    from margin.read.house_policy import house_for_clearing_org

    return parameters.house or house_for_clearing_org(parameters.clearing_orgs[0].code)


def _with_lookups(
    files: list[ValidatedFile], parameter_paths: list[str], reading: _Reading, account_type: str | None
) -> list[ValidatedFile]:
    """The files with what is wrong with their positions once these are looked up in the parameters."""
    from margin.read.parameters.merge import merge_parameter_sets
    from margin.views.validate.lookup import lookup_problems

    first_place = next(iter(reading.positions), parameter_paths[0])
    refused: Faults = Faults()
    warnings: list[Problem] = []
    try:
        sets = [reading.parameters[path] for path in parameter_paths]
        merged = merge_parameter_sets(sets)
        own = {id(problem) for item in sets for problem in item.problems}
        warnings = [problem for problem in merged.problems if id(problem) not in own]
        if reading.positions:
            books = list(reading.positions.values())
            warnings += lookup_problems(books, merged, reading.house or house_of(merged), account_type)
    except InputRefused as found:
        refused.extend(found)
    placed = []
    for file in files:
        of_file = [problem for problem in refused.problems if (problem.file or first_place) == file.path]
        if of_file or (refused.total and file.path == first_place):
            # What is counted beyond the list is counted with the first file, whichever it belongs to.
            unlisted = refused.total - len(refused.problems) if file.path == first_place else 0
            file = file.with_faults(_placed(InputRefused(of_file, len(of_file) + unlisted), file.path))
        about = [_warning(problem, first_place) for problem in warnings if (problem.file or first_place) == file.path]
        placed.append(file.with_warnings(about))
    return placed


def _placed(refused: InputRefused, path: str) -> InputRefused:
    """A refusal whose problems all name a file."""
    return InputRefused([replace(item, file=item.file or path) for item in refused.problems], refused.total)


def _warning(problem: Problem, path: str) -> Problem:
    """A problem as a warning: what would leave a figure out of a calculation leaves a file readable."""
    return replace(problem, severity=Severity.WARNING, file=problem.file or path)
