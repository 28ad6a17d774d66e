"""Runs a document model over a YAML tree and says all that is wrong in plain words, with line and column."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from margin.model.problem import LISTED_PROBLEMS, Faults, Reason
from margin.read.strict_yaml import REFUSED, TreePath, YamlTree

ModelT = TypeVar("ModelT", bound=BaseModel)

CUSTOM_ERROR = "margin"
"""Error type of field types whose message is ready to be shown."""


def validate(tree: YamlTree, model: type[ModelT], faults: Faults, path: TreePath = ()) -> ModelT | None:
    """The part of a document at `path` as a model; all its faults go to `faults`.

    Args:
        tree: The document.
        model: A strict model that forbids unknown fields.
        faults: Collector of the document's file.
        path: Where the part stands; it must exist.

    Returns:
        The model, or `None` where anything is wrong with the part. What `load_yaml` has reported is not
        reported again.
    """
    part = tree.at(path)
    if part is REFUSED:
        return None
    try:
        return model.model_validate(part)
    except ValidationError as refused:
        errors = [error for error in refused.errors(include_url=False) if error["input"] is not REFUSED]
        errors.sort(key=lambda error: tree.position_of(path + error["loc"]))
        for error in errors[:LISTED_PROBLEMS]:
            _report(tree, model, faults, path, error)
        faults.count_unlisted(max(0, len(errors) - LISTED_PROBLEMS))
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the known name most like `name`: ``; did you mean 'x'?``, or empty text."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not close:
        lowered = {candidate.lower(): candidate for candidate in names}
        close = [lowered[found] for found in difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)]
    return f"; did you mean {close[0]!r}?" if close else ""


def describe_place(path: TreePath) -> str:
    """A path in words: ``contracts, item 3, losses, item 6``; empty for the document itself."""
    return ", ".join(f"item {step + 1}" if isinstance(step, int) else step for step in path)


def describe_value(value: Any) -> str:
    """What was found, in words, such as ``the text 'abc'``, ``the number 5`` or ``a list``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value!r}" if len(repr(value)) <= 40 else "a very long number"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:57] + '...'!r}"
    if isinstance(value, list):
        return "a list"
    return "a mapping of fields" if isinstance(value, dict) else f"a value of type {type(value).__name__}"


def explain(model: type[BaseModel], error: Mapping[str, Any]) -> tuple[Reason, str, dict[str, Any]]:
    """One error of a model in plain words.

    Args:
        model: The model that refused.
        error: An item of ``ValidationError.errors()``.

    Returns:
        The reason, what was found and expected (without the place), and machine-readable details.
    """
    kind, context, found = error["type"], error.get("ctx", {}), describe_value(error["input"])
    if kind == "missing":
        return _explain_missing(model, error["loc"])
    if kind == "extra_forbidden":
        return _explain_unknown(model, error["loc"])
    if kind == CUSTOM_ERROR:
        message = f"found {found}; {error['msg']}"
    elif kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        hint = did_you_mean(str(error["input"]), expected.replace(" or ", ", ").split(", "))
        message = f"found {found}, expected {expected}{hint}"
    else:
        wording = _EXPECTED.get(kind)
        message = f"found {found}, expected {wording(context) if wording else 'another value'}"
    return Reason.INVALID_VALUE, message, {"found": found}


def _explain_missing(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[Reason, str, dict[str, Any]]:
    name = str(loc[-1])
    owner = _model_at(model, loc[:-1])
    field = owner.model_fields.get(name) if owner else None
    meaning = f" ({field.description})" if field and field.description else ""
    return Reason.MISSING_FIELD, f"the field {name!r}{meaning} is missing; add it", {"expected": name}


def _explain_unknown(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[Reason, str, dict[str, Any]]:
    name = str(loc[-1])
    owner = _model_at(model, loc[:-1])
    names = sorted(owner.model_fields) if owner else []
    hint = did_you_mean(name, names) or f"; known fields: {', '.join(names)}"
    return Reason.UNKNOWN_NAME, f"unknown field {name!r}{hint}", {"found": name, "expected": names}


def _report(tree: YamlTree, model: type[BaseModel], faults: Faults, path: TreePath, error: Mapping[str, Any]) -> None:
    reason, message, details = explain(model, error)
    steps: TreePath = (*path, *error["loc"])
    if reason is Reason.UNKNOWN_NAME:
        line, column = tree.key_position_of(steps)
        place = tree.known_path(steps[:-1])
    else:
        place = tree.known_path(steps)
        line, column = tree.key_position_of(place) if reason is Reason.MISSING_FIELD else tree.position_of(place)
    words = describe_place(place)
    faults.add(reason, f"{words}: {message}" if words else message, line=line, column=column, path=place, **details)


def _at_least(context: Mapping[str, Any]) -> str:
    number = context["min_length"]
    return f"at least {number} {'entry' if number == 1 else 'entries'}"


_EXPECTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "text; put it in quotes",
    "int_type": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "int_parsing_size": lambda _: "a whole number of fewer digits",
    "float_type": lambda _: "a number (without quotes, thousands separators or leading zeros)",
    "finite_number": lambda _: "a finite number",
    "bool_type": lambda _: "true or false",
    "list_type": lambda _: "a list",
    "dict_type": lambda _: "a mapping of names to values",
    "model_type": lambda _: "a mapping of fields",
    "greater_than": lambda context: f"more than {context['gt']:g}",
    "greater_than_equal": lambda context: f"at least {context['ge']:g}",
    "less_than": lambda context: f"less than {context['lt']:g}",
    "less_than_equal": lambda context: f"at most {context['le']:g}",
    "too_short": _at_least,
    "too_long": lambda context: f"at most {context['max_length']} entries",
}


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model that describes the mapping at `loc` inside `model`."""
    annotations: list[Any] = [model]
    for step in loc:
        annotations = [inner for outer in annotations for inner in _inside(outer, step)]
    models = [found for outer in annotations for found in _unwrap(outer) if _is_model(found)]
    return models[0] if models else None


def _inside(annotation: Any, step: int | str) -> list[Any]:
    """Annotations of what lies one step inside values of `annotation`."""
    found = []
    for candidate in _unwrap(annotation):
        if _is_model(candidate) and step in candidate.model_fields:
            found.append(candidate.model_fields[step].annotation)
        elif get_origin(candidate) is list and isinstance(step, int):
            found.append(get_args(candidate)[0])
        elif get_origin(candidate) is dict and isinstance(step, str):
            found.append(get_args(candidate)[1])
    return found


def _unwrap(annotation: Any) -> list[Any]:
    """An annotation without optional and alternative wrappings."""
    arguments = get_args(annotation)
    if not arguments or get_origin(annotation) in (list, dict):
        return [annotation]
    return [inner for argument in arguments for inner in _unwrap(argument)]


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
