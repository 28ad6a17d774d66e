"""Names of all elements that the CME SPAN XML schema (``spanrisk.xsd``, 2014) defines."""

from __future__ import annotations

_NAMES = """
    a accruedInt accruedIntr acctId acctSubType acctSubTypeCode acctSubTypeDef acctType acctTypeDef addlReq adjRate
    aggMeth alias aliasDesc anov aot aots ap applyBasisRisk applyFxRisk apportionRisk arrayPrecision as asomtr asset
    aType aVal awayLeg baseR basis basisRates bDate bfC bfPfLink bfSeries bidAskFloor bidAskSprd binaryArrays brk
    btn btNum busFuncCoLink busFuncExchLink busFuncType businessFunction cab cabDesc calcFreq calCode
    calcPerAdjBusDayConv calcPerAdjCal calDef calId capAnov capPct capRiskArray cc ccDef ccPort cdsDeviationPct
    cdsDV01Exponent cdsHYCompressionShock cdsHYCompressionShockPct cdsHYCurveShockPct cdsHYIndexMinMarginPct
    cdsHYLiqMarginBidAsk cdsHYLiqMarginCoefficient cdsHYLiqMarginDST cdsHYLiqMarginExponent cdsHYLiqMarginIntercept
    cdsHYLiqMarginOTRPV01 cdsHYLiqMarginScale cdsHYOTRBidAskCap cdsHYSingleMinMarginPct cdsIGCompressionShock
    cdsIGCompressionShockPct cdsIGCurveShockPct cdsIGHYThreshold cdsIGIndexMinMarginPct cdsIGLiqMarginBidAsk
    cdsIGLiqMarginCoefficient cdsIGLiqMarginDST cdsIGLiqMarginExponent cdsIGLiqMarginIntercept cdsIGLiqMarginOTRPV01
    cdsIGLiqMarginScale cdsIGOTRBidAskCap cdsIGSingleMinMarginPct CDSIsIG cdsMarginParams cdsRate cdsRDV01Weight
    cdsSDV01Weight cdsSectorShock cdsSectorShockPct cdsSystematicShock cdsSystematicShockPct CDSubType CDSwap
    CDSwapPf chargeMeth cId clearingOrg clearSpread cmb cmbMeth cmbPf cmbType coAlias compMethod concAdjRate
    concApplies concCoeficient concExponent concIntercept concScale concScaleUp contractSize country coupon couponDl
    cpm cpnFreq cpnLastDate cpnNextDate cpnRate created creditDistMeth crossSavings ctid curConv currency
    currencyDef currentPeriodRate curReq curVal curveShockPct cusip custPortUseLov custUseLov cvf d dataType date
    dayCode dayCount daysPerYear dCurveId debt debtPf decimalPos definitions defType deltaPointDef denominator desc
    description discFactor div divRate domain dr dReq dro drs dSpread dst dstExponent dstFloor dt dtm duration dv
    dva dvad dvas dvcs dvcum dvs ec ecPort eDebt eDebtPf edp ePe eqPosFactor equity equityPf equiv equivPosType
    etNum exch exchAlias exchange exercise exLOV exm factor fCurveId fDeliv fdot fdotRule fee feeTypeDef fileFormat
    finalizeMeth finalPriceRule firm firstRegPerStartDate fixedLeg fixedRate fixingDateBusDayConv fixingDateCal
    fixingDateOffset fixingDayType flexDesc floatLeg floor fromCur fut futEqFactor futPf fwd fwdPf fxHvarData
    fxHvarSet fxHvarSetId gcp gd genericRate gp grCurReq gReq grOReq group groupDef groupTypeDef grReq haircut
    haircutRsv hfactor hiMarg hiVal hLogRet holidays homeLeg hours hRet hVal hvarMarginParams hvarSet hvarSetId hy i
    ia ialEquiv iaLong ialSplit iaReq iasEquiv iaShort iasSplit iatr id ie ielEquiv ieLong ielSplit iesEquiv ieShort
    iesSplit ietr iex ig index indexTenor initialStub interClearSpreads interSpreads interTiers intraTiers intrRate
    IRSwap IRSwapPf isCDSScanRisk isContractScale isCurrent isCust isDigital isHvarAnchor isin isM isNetMargin isNew
    isRequired isSetl isTarget isTargetReq isValAnchor isVariableTick k lag lambda lbe ld lDeliv ldot ldotRule
    ledgerBal legPrice legPriceFlag lfv lhthresh limitArraysTo16Points limits limitsDesc limitSubAccountOffset
    linkedAccts liqRate listDesc listed llthresh logRet logret loMarg long lookAheadDays lookAheadYears lookBack
    lookBackData lov loVal lovf lpv lrate lreset lts lue marginMeth matAdjBusDayConv matDate matDateAdjCal
    minIntExDeltaPct mp mpd mult name ncp net nl nlEquiv nlr nlRisk nlSplit nMaxLoss no notional notionAmt np nReq
    nrpn nrps ns nsEquiv nsr nsRisk nsSplit numerator numLegsReq o od offset oocPf ooePf oofPf oopDeltaMeth oopPf op
    opt oqty oReq ot ote otep ots otss outr p pairedPoint parentAcct payAdjBusDayConv payAdjCal payFreq payRelTo pbc
    pbRateDef pbValue pclient pd pe percentile pfAlias pfCode pfId pfLink pfType phy phyPf pl pLeg plp pmpsRate
    pmRate point pointDef pointDesc pointInTime portfolio positionsAllowed posLimit pq pr priceDesc priceDl priceFmt
    priceMeth priceModel priceScan priceScanDef priceScanDown priceScanDownPct priceScanPct priceType priority
    procMeth psRate pss pv01 qib quoted quoteInOptTerms r ra rate rateTiers rd recoveryRate refAcct refPrice
    refPriceFlag resetDateAdjCal resetDateAdjDayConv resetFreq resetRelTo riskExponent rl rld rollConv rpLeg rpNum
    rs rsd run runSpread runSpreadDl s savings sc scanPointDef scanRate scanTiers sco sd sector sectorDef securities
    seed seg series seriesSetlMeth setlDate setlDateRule setlMeth setlQualifier sfv short shthresh sLeg slthresh sno
    som somMeth somTiers somtr sov sovf sp spanFile spanReq spanVersion sPe specificRate specs split spo sPointDef
    spotChargeAdj spotMeth spotRate sprCharge sprd spread spreadType spv sr sRate srate sreset sSpread startDate
    stdWeekend str strikeCur strikeDesc strikeDl strikeFmt subType sumCCExLOV sumCCReq superInterClearSpreads
    superSpreads sv svf svp svpt svt symbol t tbn tenor tick tickTypeDef tier time tLeg tm tn tne toCur totalReq tr
    ts type undC undHvarSetId undPf unitDesc uom uomQty used useLovPct useOTCRounding useRollNum v val value
    valueMeth venue venueDef vmClass vmRate volRate volScan volScanDef volScanDown volScanDownPct volScanPct volSrc
    volType vr weight wfprMeth wpr zeroCurve zeroCurveData zeroCurveId
"""

SCHEMA_NAMES = frozenset(_NAMES.split())
"""Element names of all files, results included; a name outside them is of a newer file or a mistake."""
