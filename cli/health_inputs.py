"""Reads what the health of accounts is judged from, with the faults of all inputs at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cli.inputs import Inputs, read_inputs

if TYPE_CHECKING:
    from margin.model.account import AccountBook
    from margin.model.account_market import AccountMarket
    from margin.model.account_policy import AccountPolicy


@dataclass(frozen=True)
class HealthInputs:
    """The inputs of a judgement; `margined` is what further positions are margined from."""

    accounts: AccountBook
    policy: AccountPolicy
    market: AccountMarket | None
    margined: Inputs | None


def read_health_inputs(
    accounts: Sequence[Path],
    policy: str,
    market: Sequence[Path] | None,
    parameters: list[Path] | None,
    positions: list[Path] | None,
    house: str | None,
    *,
    input_format: str | None = None,
    session: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    use_cache: bool = True,
    overrides: Sequence[str] | None = None,
) -> HealthInputs:
    """Read all inputs.

    Market data go to the accounts, and to risk parameters where these are configured to derive risk arrays from them.

    Raises:
        InputRefused: With the faults of all of them.
    """
    import margin
    from margin.model.problem import Faults, InputRefused

    def margined() -> Inputs | None:
        if not parameters or not positions:
            return None
        return read_inputs(
            parameters,
            positions,
            input_format,
            house,
            session,
            decimal=decimal,
            use_cache=use_cache,
            market=_for_arrays(parameters, market),
            overrides=overrides,
        )

    quoted = [str(path) for path in market or ()]
    readers: dict[str, Callable[[], Any]] = {
        "accounts": lambda: margin.read_accounts([str(path) for path in accounts], stdin=sys.stdin.buffer),
        "policy": lambda: margin.read_account_policy(policy),
        "market": lambda: margin.read_account_market(quoted) if quoted else None,
        "margined": margined,
    }
    faults, read = Faults(), {}
    for name, reader in readers.items():
        try:
            read[name] = reader()
        except InputRefused as refused:
            faults.extend(refused)
    faults.refuse_if_any()
    return HealthInputs(**read)


def _for_arrays(parameters: Sequence[Path], market: Sequence[Path] | None) -> Sequence[Path] | None:
    """The market data, where parameters are a house configuration, which alone can derive risk arrays from them."""
    is_configuration = any({".yaml", ".yml"} & set(path.suffixes) for path in parameters)
    return market if is_configuration else None
