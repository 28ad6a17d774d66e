"""The project file: ``margin.yaml`` in the working folder gives options their defaults.

Its keys are the long options without dashes (``parameters``, ``house``, ``quantity-unit``), its values what the
option takes; repeatable options take a list. The command line and the environment win over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from margin.model.problem import Faults, Reason

SETTINGS_FILE = "margin.yaml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One option as the project file may set it.

    Attributes:
        name: Long option without its dashes.
        command: The command it belongs to; a command of a command as the words of both.
        parameter: Name of the command function's parameter.
        is_repeatable: Whether it takes a list.
        is_switch: Whether it is on or off.
    """

    name: str
    command: str
    parameter: str
    is_repeatable: bool
    is_switch: bool


def read_settings(folder: Path, known: Iterable[Setting]) -> dict[str, Any]:
    """Defaults by command and parameter, and by command inside a command; empty where there is no project file.

    Raises:
        InputRefused: The file cannot be read, has unknown or repeated keys, or values of the wrong kind.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        return {}
    from margin.read.source import open_source
    from margin.read.strict_yaml import load_yaml

    faults = Faults(SETTINGS_FILE)
    tree = load_yaml(open_source(path).content, faults)
    faults.refuse_if_any()
    values = tree.value if tree is not None else None
    if not isinstance(values, dict):
        faults.add(Reason.INVALID_VALUE, "expected a mapping of options, such as 'house: nsccl'", line=1)
        values = {}
    by_name: dict[str, list[Setting]] = {}
    for setting in known:
        by_name.setdefault(setting.name, []).append(setting)
    defaults: dict[str, Any] = {}
    for key, value in values.items():
        line = tree.key_position_of((key,)).line if tree is not None else None
        if key not in by_name:
            faults.add(Reason.UNKNOWN_NAME, _unknown(str(key), by_name), line=line, found=str(key))
        for setting in by_name.get(key, ()):
            taken = _value(setting, value)
            if taken is None:
                faults.add(Reason.INVALID_VALUE, _wrong(setting, value), line=line, found=str(value))
                break
            place = defaults
            for word in setting.command.split():
                place = place.setdefault(word, {})
            place[setting.parameter] = taken
    faults.refuse_if_any()
    return defaults


def _unknown(key: str, by_name: Mapping[str, list[Setting]]) -> str:
    near = get_close_matches(key.replace("_", "-"), by_name, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(by_name))}"
    return f"unknown option {key!r}; {hint}"


def _wrong(setting: Setting, value: Any) -> str:
    if setting.is_switch:
        expected = "true or false"
    elif setting.is_repeatable:
        expected = "a value or a list of values"
    else:
        expected = "one value"
    return f"option {setting.name!r} has {value!r}; expected {expected}"


def _value(setting: Setting, value: Any) -> Any:
    """The value as the option takes it; `None` where it is of the wrong kind."""
    if setting.is_switch:
        return value if isinstance(value, bool) else None
    if setting.is_repeatable:
        texts = [_text(item) for item in (value if isinstance(value, list) else [value])]
        return None if not texts or None in texts else texts
    return _text(value)


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value)
