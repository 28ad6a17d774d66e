"""Writes columnar parameter files (``.margin``): a whole parameter set as Arrow tables and arrays in one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Problem, Reason
from margin.read.parameters._arrow.encode import encode
from margin.write.written import Written

TITLE = "columnar parameters, the fastest to read"
SUFFIXES = (".margin",)


def write(parameters: ParameterSet) -> Written:
    """The parameters, every field of them; nothing is rounded or left out, but for the folders of files.

    Raises:
        InputRefused: Its arrays are still to be derived from market data, or it holds values that only a program
            can have put there, such as a number that is not finite.
    """
    named = replace(
        parameters,
        sources=tuple(replace(source, path=PurePath(source.path).name) for source in parameters.sources),
        problems=tuple(
            problem if problem.file is None else replace(problem, file=PurePath(problem.file).name)
            for problem in parameters.problems
        ),
    )
    try:
        return Written(map(bytes, encode(named)))
    except (TypeError, ValueError) as error:
        message = f"the parameters cannot be written as a columnar file ({error}); correct what made them"
        raise InputRefused([Problem(Reason.INVALID_VALUE, message)]) from error
