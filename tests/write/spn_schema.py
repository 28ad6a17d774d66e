"""Order and presence of child elements in written SPAN XML documents, checked without the schema file.

Source: CME SPAN XML schema; the elements that the writers write. ``*`` marks children that may repeat, ``!`` those
that must be there. Kept apart from the table of the test markets, which are another program's files.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element

import pytest

SCHEMA_VARIABLE = "MARGIN_SPAN_XSD"

_POINT = "point! priceScanDef! volScanDef! weight!"
_REQUIREMENT = "isM! pbc! spanReq! addlReq anov"
_FAMILY = "pfId! pfCode! name currency! contractSize cvf priceDl valueMeth! priceMeth! setlMeth"
_OPTIONS = (
    "pfId! pfCode! name exercise currency! contractSize cvf priceDl strikeDl cab! valueMeth! priceMeth! setlMeth"
    " priceModel! undPf! series*"
)
_CONTRACT = "p d v cvf val sc"
_ARRAYS = "scanRate* ra*"
_SETTINGS = (
    "isContractScale isNetMargin finalizeMeth! oopDeltaMeth capAnov minIntExDeltaPct lookAheadYears custUseLov"
    " useLovPct limitSubAccountOffset capRiskArray curConv* pbRateDef* pointDef*"
)
_LISTS = "superSpreads superInterClearSpreads interSpreads interClearSpreads"

CHILDREN: dict[str, str] = {
    "spanFile": "fileFormat created definitions! pointInTime*!",
    "definitions": "currencyDef*! acctTypeDef*! groupTypeDef* groupDef*",
    "currencyDef": "currency! symbol! name! decimalPos!",
    "acctTypeDef": "isCust! acctType! name isNetMargin! priority!",
    "groupTypeDef": "id! name!",
    "groupDef": "id! aVal!",
    "pointInTime": "date! isSetl! setlQualifier time run clearingOrg*! businessFunction* portfolio*",
    "clearingOrg": f"ec! name! {_SETTINGS} exchange*! ccDef* {_LISTS}",
    "businessFunction": f"busFuncType! ec! name! {_SETTINGS} busFuncCoLink*! ccDef*! {_LISTS}",
    "busFuncCoLink": "ec! busFuncExchLink*!",
    "busFuncExchLink": "exch! bfPfLink*!",
    "bfPfLink": "pfId! pfCode pfType bfC*",
    "bfC": f"cId! {_ARRAYS}",
    "curConv": "fromCur! toCur! factor! hfactor*",
    "hfactor": "date! rate!",
    "pbRateDef": "r! isCust! acctType! isM! pbc!",
    "pointDef": "r! scanPointDef*! deltaPointDef*",
    "scanPointDef": f"{_POINT} pairedPoint!",
    "deltaPointDef": _POINT,
    "priceScanDef": "mult! numerator denominator defType",
    "volScanDef": "mult! numerator denominator",
    "exchange": "exch! phyPf* debtPf* equityPf* futPf* fwdPf* oopPf* oofPf* ooePf* cmbPf* oocPf*",
    "phyPf": f"{_FAMILY} phy*",
    "debtPf": f"{_FAMILY} country! debt*",
    "equityPf": f"{_FAMILY} country! equity*",
    "futPf": f"{_FAMILY} undPf! fut*",
    "fwdPf": f"{_FAMILY} undPf! fwd*",
    "cmbPf": f"{_FAMILY} undPf*! cmb*",
    **dict.fromkeys(("oopPf", "oofPf", "ooePf", "oocPf"), _OPTIONS),
    "undPf": "exch! pfId! pfCode pfType s! i!",
    "undC": "exch! pfId! cId! s! i! legPriceFlag legPrice",
    "phy": f"cId! pe {_CONTRACT} {_ARRAYS}",
    "debt": f"cId! isin! pe {_CONTRACT} {_ARRAYS}",
    "equity": f"cId! isin! pe {_CONTRACT} {_ARRAYS}",
    "fut": f"cId! pe! {_CONTRACT} t undC! {_ARRAYS}",
    "fwd": f"cId! pe! {_CONTRACT} t undC! {_ARRAYS}",
    "cmb": f"cId! pe! {_CONTRACT} t undC*! {_ARRAYS}",
    "series": "pe! t sc! undC! scanRate* opt*",
    "opt": "cId! o! k! p pq d v cvf svf val sc ra*",
    "scanRate": (
        "r! priceScan priceScanPct volScan volScanPct priceScanDown priceScanDownPct volScanDown volScanDownPct"
        " quoteInOptTerms"
    ),
    "ra": "r! a*! d!",
    "ccDef": (
        "cc! concScaleUp name group* currency! riskExponent capAnov procMeth wfprMeth spotMeth somMeth cmbMeth"
        " marginMeth hvarSetId* fxHvarSetId* custUseLov useLovPct isCDSScanRisk binaryArrays limitArraysTo16Points"
        " pointDef* pfLink* adjRate* scanTiers intraTiers interTiers rateTiers somTiers dSpread* spotRate*"
    ),
    "group": "id! aVal!",
    "pfLink": "exch! pfId! pfCode pfType sc! cmbMeth oopDeltaMeth",
    "adjRate": "r! baseR! val!",
    **dict.fromkeys(("scanTiers", "intraTiers", "interTiers", "rateTiers", "somTiers"), "tier*!"),
    "tier": "tn! sPe ePe rate*",
    "rate": "r! val!",
    "pmpsRate": "r! val! pmRate! psRate!",
    "spotRate": "r! pe! sprd! outr!",
    "sSpread": "spread! isTargetReq numLegsReq applyFxRisk rate*! sLeg*!",
    "sLeg": "cc! isTarget! isRequired i rate*",
    "clearSpread": "spread! homeLeg*! awayLeg*!",
    "homeLeg": "cc! tn! rs! i! rate*!",
    "awayLeg": "ec! cc! tn! rs! i!",
    "tLeg": "cc! tn! rs! i! rate*",
    "pLeg": "cc! pe! rs! i! rate*",
    "rpLeg": "cc! rpNum! rs! i! btNum etNum rate*",
    "portfolio": (
        "firm! acctId! acctType! isCust! seg isNew! currency! ledgerBal! ote! securities! lov sov oReq* ecPort*"
    ),
    "ecPort": "ec! oReq* ccPort*",
    "ccPort": "cc! currency lov sov nReq* gReq* dReq* np* gp*",
    "oReq": "isM! pbc! spanReq! addlReq anov! curReq*",
    "curReq": "currency! spanReq! anov!",
    "dReq": "isM! pbc! spanReq! addlReq anov!",
    "nReq": f"{_REQUIREMENT} sr! ia! dr! ie! iex! som! pd* str*",
    "gReq": f"{_REQUIREMENT} som! nlRisk! nsRisk!",
    "pd": "pe! od! gd! rd!",
    "str": "tn! sr! as! sv*!",
    "np": "exch! pfId! cId! net!",
    "gp": "exch! pfId! cId! long! short!",
}

ANY_ORDER = {
    **dict.fromkeys(("superSpreads", "superInterClearSpreads", "interSpreads", "interClearSpreads"), 0),
    "dSpread": 3,
    "ccPort": 4,
}
"""Elements whose children may stand in any order behind the first so many."""


def schema_faults(root: Element) -> list[str]:
    """Every element with a child that is unknown, out of order, repeated or missing."""
    faults = []
    for element in root.iter():
        if element.tag in CHILDREN:
            faults += _faults_of(element, CHILDREN[element.tag].split())
        elif len(element) and element.tag not in ANY_ORDER:
            faults.append(f"{element.tag}: not expected to have children")
    return faults


def _faults_of(element: Element, names: list[str]) -> list[str]:
    place = {name.rstrip("*!"): i for i, name in enumerate(names)}
    once = {name.rstrip("!") for name in names if "*" not in name}
    children = [child.tag for child in element]
    faults = [f"{element.tag}: unknown child {child}" for child in children if child not in place]
    missing = {name.rstrip("*!") for name in names if name.endswith("!")} - set(children)
    faults += [f"{element.tag}: {name} is missing" for name in sorted(missing)]
    previous = -1
    for child in children if element.tag not in ANY_ORDER else []:
        own = place.get(child, previous)
        if own < previous or (own == previous and child in once):
            faults.append(f"{element.tag}: {child} stands after {names[previous]}")
        previous = max(previous, own)
    return faults


needs_schema = pytest.mark.skipif(SCHEMA_VARIABLE not in os.environ, reason=f"{SCHEMA_VARIABLE} names no schema file")


@cache
def published_schema() -> Any:
    """The schema that the environment names."""
    etree = pytest.importorskip("lxml.etree")
    return etree.XMLSchema(etree.parse(os.environ[SCHEMA_VARIABLE]))


def assert_valid(content: bytes) -> None:
    """Check a document against the published schema."""
    etree = pytest.importorskip("lxml.etree")
    published_schema().assertValid(etree.fromstring(content))
