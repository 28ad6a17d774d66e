"""Finds the contract that a position's codes name, and the nearest known one when there is none."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import takewhile

import numpy as np
import polars as pl

from margin.model.contract import OPTION_TYPES
from margin.resolve.contracts import ResolvedContracts, contract_names, strike_text

PARTS = ("exchange", "product", "type", "period", "underlying_period", "right", "strike_key")
"""What identifies a contract inside a clearing organisation."""

_MINIMUM_STRIKE_DECIMALS = 2
_MAXIMUM_STRIKE_DECIMALS = 9
_AMBIGUOUS = -2
UNKNOWN = -1
AMBIGUOUS = _AMBIGUOUS


def _strike_decimals(strikes: pl.DataFrame, stated: list[int | None]) -> list[int]:
    """Decimals at which strikes of each product are compared: stated by the file, or used by its strikes."""
    decimals = [max(number or 0, _MINIMUM_STRIKE_DECIMALS) for number in stated]
    for product, values in strikes.group_by("product").agg("strike").iter_rows():
        array = np.asarray(values, dtype=np.float64)
        while decimals[product] < _MAXIMUM_STRIKE_DECIMALS and not _are_whole(array * 10.0 ** decimals[product]):
            decimals[product] += 1
    return decimals


def _are_whole(values: np.ndarray) -> bool:
    return bool(np.all(np.abs(values - np.rint(values)) <= 1e-6 * np.maximum(1.0, np.abs(values) * 1e-6)))


def contract_index(contracts: ResolvedContracts) -> ContractIndex:
    """The index of some contracts, made once for each parameter set."""
    return contracts.parameters.once("contract index", lambda: ContractIndex(contracts))


class ContractIndex:
    """Looks up contract codes by the codes a position file uses; never by a file's internal ids.

    Periods compare as normalised text, strikes as numbers at the file's precision. A contract that names no
    clearing organisation means normal clearing; the code of a business function opts into that.
    """

    def __init__(self, contracts: ResolvedContracts) -> None:
        self.contracts = contracts
        parameters = contracts.parameters
        raw = parameters.contracts[contracts.rows].select(
            "product", "contract_id", "period", "underlying_period", "right", "strike"
        )
        strikes = parameters.contracts.select("product", "strike").drop_nulls()
        self._decimals = _strike_decimals(strikes, [product.strike_decimals for product in parameters.products])
        products = pl.DataFrame(
            {
                "product": range(len(parameters.products)),
                "exchange": [product.exchange for product in parameters.products],
                "product_code": [product.code for product in parameters.products],
                "type": [product.type for product in parameters.products],
                "strike_decimals": self._decimals,
            },
            schema={
                "product": pl.Int32,
                "exchange": pl.String,
                "product_code": pl.String,
                "type": pl.String,
                "strike_decimals": pl.Int32,
            },
        )
        places = pl.DataFrame(
            {
                "commodity_code": range(len(contracts.commodities)),
                "commodity": [item.code for item in contracts.commodities],
                "clearing_org": [item.clearing_org for item in contracts.commodities],
                "is_opt_in": contracts.is_business_function[: len(contracts.commodities)],
            },
            schema={
                "commodity_code": pl.Int32,
                "commodity": pl.String,
                "clearing_org": pl.String,
                "is_opt_in": pl.Boolean,
            },
        )
        self.known = (
            raw.with_columns(
                code=pl.int_range(pl.len(), dtype=pl.Int32),
                commodity_code=pl.Series(contracts.commodity, dtype=pl.Int32),
            )
            .join(places, on="commodity_code", how="left", maintain_order="left")
            .join(products, on="product", how="left", maintain_order="left")
            .with_columns(strike_key=_strike_key(), is_option=pl.col("type").is_in(list(OPTION_TYPES)))
            .with_columns(
                underlying_period=pl.when(pl.col("is_option")).then(pl.col("underlying_period").fill_null(""))
            )
            .drop("product", "commodity_code")
            .rename({"product_code": "product"})
        )

    def codes_of_parts(self, wanted: pl.DataFrame) -> pl.Series:
        """Contract codes of unique keys given by their parts.

        Args:
            wanted: Columns exchange, product, type, expiry, underlying_expiry, right, strike, clearing_org and
                commodity, null where not given. Expiries are normalised.

        Returns:
            Codes (int32) row by row; `UNKNOWN` or `AMBIGUOUS` where there is no single one.
        """
        decimals = self.known.select("product", "type", "strike_decimals").group_by("product", "type").max()
        keys = (
            wanted.rename({"expiry": "period", "underlying_expiry": "underlying_period"})
            .with_row_index("wanted")
            .join(decimals, on=["product", "type"], how="left", maintain_order="left")
            .with_columns(strike_key=_strike_key(), period=pl.col("period").fill_null(""))
            .with_columns(
                right=pl.when(pl.col("type").is_in(list(OPTION_TYPES))).then(pl.col("right")),
                strike_key=pl.when(pl.col("type").is_in(list(OPTION_TYPES))).then(pl.col("strike_key")),
            )
        )
        identity = [part for part in PARTS if part not in ("underlying_period", "exchange")]
        matches = keys.join(self.known, on=identity, how="inner", nulls_equal=True, suffix="_known").filter(
            _agrees("exchange"),
            _is_cleared_there(),
            _agrees("commodity"),
            pl.col("underlying_period").is_null()
            | pl.col("underlying_period_known").is_null()
            | (pl.col("underlying_period") == pl.col("underlying_period_known")),
        )
        return _single_codes(matches, wanted.height)

    def codes_of_names(self, wanted: pl.DataFrame) -> pl.Series:
        """Contract codes of unique names: a file's own contract id, or codes separated by blanks.

        Args:
            wanted: Columns contract, clearing_org and commodity, the last two null where not given.

        Returns:
            Codes (int32) row by row; `UNKNOWN` or `AMBIGUOUS` where there is no single one.
        """
        names = self.known.select(
            "code",
            "clearing_org",
            "is_opt_in",
            "commodity",
            contract=pl.concat_str(
                "exchange",
                "product",
                "type",
                pl.when(pl.col("period") != "").then("period"),
                pl.when(pl.col("underlying_period") != "").then("underlying_period"),
                "right",
                pl.col("strike").map_batches(_strike_texts, return_dtype=pl.String),
                separator=" ",
                ignore_nulls=True,
            ),
        )
        ids = self.known.select("code", "clearing_org", "is_opt_in", "commodity", contract=pl.col("contract_id"))
        keys = wanted.with_row_index("wanted")
        matches = keys.join(pl.concat([names, ids]).unique(), on="contract", how="inner", suffix="_known")
        matches = matches.filter(_is_cleared_there(), _agrees("commodity"))
        return _single_codes(matches, wanted.height)

    def nearest(self, wanted: dict[str, object]) -> str | None:
        """The known contract most like the wanted one, as a user may write it; `None` if nothing is alike.

        Looked for at the clearing organisation asked for, or under normal clearing if that is not known.
        """
        known = self.known.filter(pl.col("clearing_org").eq_missing(pl.lit(wanted.get("clearing_org"))))
        known = self.known.filter(~pl.col("is_opt_in")) if known.is_empty() else known
        if wanted.get("contract") is not None:
            names = contract_names(self.contracts, known["code"].head(20_000).to_list())
            close = get_close_matches(str(wanted["contract"]), names, n=1)
            return close[0] if close else None
        for column, key in (("exchange", "exchange"), ("product", "product"), ("type", "type")):
            choices = known[column].unique().sort().to_list()
            if wanted.get(key) not in choices:
                close = get_close_matches(str(wanted.get(key)), choices, n=1, cutoff=0.5)
                if not close:
                    return None
                wanted = {**wanted, key: close[0]}
            known = known.filter(pl.col(column) == wanted[key])
            if known.is_empty():
                return None
        for column, key in (
            ("right", "right"),
            ("period", "expiry"),
            ("underlying_period", "underlying_expiry"),
        ):
            value = wanted.get(key)
            choices = known[column].drop_nulls().unique().sort().to_list()
            if value is not None and value not in choices and choices:
                value = _nearest_text(str(value), choices)
            if value is not None and choices:
                known = known.filter(pl.col(column) == value)
        strike = wanted.get("strike")
        if isinstance(strike, float):
            known = known.sort((pl.col("strike") - strike).abs(), maintain_order=True)
        return None if known.is_empty() else self.name(int(known["code"][0]))

    def places(self, wanted: dict[str, object]) -> list[str]:
        """Clearing organisations and business functions that have the contract, whichever of them is asked for."""
        orgs = [org.code for org in self.contracts.parameters.clearing_orgs]
        schema = {name: pl.Float64() if name == "strike" else pl.String() for name in wanted}
        everywhere = pl.DataFrame([{**wanted, "clearing_org": org} for org in orgs], schema=schema)
        named = wanted.get("contract") is not None
        codes = self.codes_of_names(everywhere) if named else self.codes_of_parts(everywhere)
        return [org for org, code in zip(orgs, codes.to_list(), strict=True) if code != UNKNOWN]

    def name(self, code: int) -> str:
        """A contract's identifier, as a user may write it."""
        return contract_names(self.contracts, [code])[0]


def _strike_key() -> pl.Expr:
    scaled = pl.col("strike") * pl.lit(10.0).pow(pl.col("strike_decimals"))
    return scaled.round().cast(pl.Int64, strict=False)


def _strike_texts(strikes: pl.Series) -> pl.Series:
    return pl.Series([strike_text(strike) for strike in strikes], dtype=pl.String)


def _agrees(column: str) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col(column) == pl.col(f"{column}_known"))


def _is_cleared_there() -> pl.Expr:
    """Whether a known contract is at the clearing organisation that is asked for: normal clearing unless said."""
    return (pl.col("clearing_org").is_null() & ~pl.col("is_opt_in")) | (
        pl.col("clearing_org") == pl.col("clearing_org_known")
    )


def _single_codes(matches: pl.DataFrame, height: int) -> pl.Series:
    """One code per wanted row from the matching (wanted, code) pairs."""
    found = matches.group_by("wanted").agg(
        code=pl.when(pl.col("code").n_unique() == 1).then(pl.col("code").first()).otherwise(_AMBIGUOUS)
    )
    codes = np.full(height, UNKNOWN, dtype=np.int32)
    codes[found["wanted"].to_numpy()] = found["code"].to_numpy()
    return pl.Series("code", codes)


def _nearest_text(text: str, choices: list[str]) -> str:
    """The choice nearest to a text: the one that begins most alike, then the nearest date, the first on ties."""

    def distance(choice: str) -> tuple[int, int]:
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, choice, strict=False)))
        return -shared, abs(int(text) - int(choice)) if text.isdecimal() and choice.isdecimal() else 0

    return min(choices, key=distance)
