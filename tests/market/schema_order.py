"""The order of child elements that generated files must keep, and a check of it.

Source: CME SPAN XML schema; only the elements that the generator writes. ``*`` marks children that may repeat.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

_POINT = "point priceScanDef volScanDef weight"
_MOVE = "mult numerator denominator"
_FAMILY = "pfId pfCode name currency cvf priceDl priceFmt valueMeth priceMeth setlMeth undPf"
_OPTION_FAMILY = (
    "pfId pfCode name exercise currency cvf priceDl priceFmt strikeDl strikeFmt cab valueMeth priceMeth setlMeth"
    " priceModel undPf series*"
)

CHILD_ORDER: dict[str, str] = {
    "spanFile": "fileFormat created definitions pointInTime*",
    "definitions": "currencyDef* acctTypeDef* groupTypeDef* groupDef*",
    "currencyDef": "currency symbol name decimalPos",
    "acctTypeDef": "isCust acctType name isNetMargin priority",
    "groupTypeDef": "id name",
    "groupDef": "id aVal description",
    "pointInTime": "date isSetl setlQualifier run clearingOrg* businessFunction*",
    "clearingOrg": (
        "ec name isContractScale isNetMargin finalizeMeth oopDeltaMeth capAnov lookAheadYears lookAheadDays"
        " daysPerYear custUseLov limitSubAccountOffset curConv* pbRateDef* pointDef* exchange* ccDef*"
        " superSpreads interSpreads"
    ),
    "businessFunction": (
        "busFuncType ec name isNetMargin finalizeMeth oopDeltaMeth capAnov pointDef* busFuncCoLink* ccDef* interSpreads"
    ),
    "busFuncCoLink": "ec busFuncExchLink*",
    "busFuncExchLink": "exch bfPfLink*",
    "bfPfLink": "pfId pfCode pfType bfC*",
    "bfC": "cId ra*",
    "curConv": "fromCur toCur factor",
    "pbRateDef": "r isCust acctType isM pbc",
    "pointDef": "r scanPointDef* deltaPointDef*",
    "scanPointDef": f"{_POINT} pairedPoint",
    "deltaPointDef": _POINT,
    "priceScanDef": _MOVE,
    "volScanDef": _MOVE,
    "exchange": "exch name phyPf* futPf* oopPf* oofPf*",
    "phyPf": f"{_FAMILY} phy*",
    "futPf": f"{_FAMILY} fut*",
    "oopPf": _OPTION_FAMILY,
    "oofPf": _OPTION_FAMILY,
    "undPf": "exch pfId pfCode pfType s i",
    "undC": "exch pfId cId s i",
    "phy": "cId pe p d v cvf sc scanRate* ra*",
    "fut": "cId pe p d v cvf sc setlDate t undC intrRate scanRate* ra*",
    "series": "pe v volSrc setlDate t cvf svf sc undC intrRate scanRate* opt*",
    "opt": "cId o k p pq d v ra*",
    "intrRate": "val rl cpm tm exm",
    "scanRate": "r priceScan volScan",
    "ra": "r a* d",
    "ccDef": (
        "cc name group* currency riskExponent capAnov procMeth wfprMeth spotMeth somMeth cmbMeth pfLink* adjRate*"
        " scanTiers intraTiers interTiers somTiers dSpread* spotRate*"
    ),
    "group": "id aVal",
    "pfLink": "exch pfId pfCode pfType sc",
    "adjRate": "r baseR val",
    "scanTiers": "tier*",
    "intraTiers": "tier*",
    "interTiers": "tier*",
    "somTiers": "tier*",
    "tier": "tn sPe ePe rate*",
    "rate": "r val",
    "spotRate": "r pe sprd outr",
    "dSpread": "spread chargeMeth rate* tLeg* pLeg*",
    "sSpread": "spread isTargetReq numLegsReq rate* sLeg*",
    "tLeg": "cc tn rs i",
    "pLeg": "cc pe rs i",
    "sLeg": "cc isTarget isRequired i",
}
"""Children of each element in their order; all are optional here, what must be there is the readers' business."""

ANY_ORDER = frozenset({"superSpreads", "interSpreads"})
"""Elements whose children, spreads of both forms, may stand in any order."""


def order_faults(root: Element) -> list[str]:
    """Every element whose children are unknown, out of order, or repeated where they must not be."""
    faults = []
    for element in root.iter():
        children = [child.tag for child in element]
        if element.tag in ANY_ORDER or not children:
            continue
        if element.tag not in CHILD_ORDER:
            faults.append(f"{element.tag}: not expected to have children, found {children[0]}")
            continue
        names = CHILD_ORDER[element.tag].split()
        place = {name.rstrip("*"): i for i, name in enumerate(names)}
        once = {name for name in names if not name.endswith("*")}
        previous = -1
        for child in children:
            if child not in place:
                faults.append(f"{element.tag}: unknown child {child}")
                continue
            if place[child] < previous or (place[child] == previous and child in once):
                faults.append(f"{element.tag}: {child} stands after {names[previous].rstrip('*')}")
            previous = max(previous, place[child])
    return faults
