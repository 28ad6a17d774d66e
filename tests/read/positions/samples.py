"""One small sound input of each position format."""

from __future__ import annotations

import io

import polars as pl


def _parquet() -> bytes:
    target = io.BytesIO()
    frame = pl.DataFrame({"account": ["A", "B"], "contract": ["X", "Y"], "quantity": [1, -2], "desk": ["d", None]})
    frame.write_parquet(target)
    return target.getvalue()


SAMPLES: dict[str, bytes] = {
    "csv": (
        b"account,exchange,product,type,expiry,right,strike,quantity,note\n"
        b"A1,NSE,NIFTY,OOP,2026-06-30,CE,24000,-75,\n"
        b'"A,2",NSE,NIFTY,FUT,20260630,,,0.5,"said ""so"""\n'
        b"\n"
        b"B,NSE,GOLD,FUT,202608,,,3,last\n"
    ),
    "spanposconv": (
        b"date,isSetl,firm,acctId,acctType,isCust,seg,currency,ec,cc,exch,pfCode,pfType,pe,undPe,o,k,net\n"
        b"20160301,1,TST,ACC1,S,1,CUST,USD,CME,SP,CME,ES,OOF,201604,201606,P,1730,-1\n"
        b"20160301,1,TST,ACC1,S,1,CUST,USD,CME,SP,CME,ES,FUT,201606,,,,2\n"
    ),
    "ndjson": (
        b'{"account": "A\\u00e9", "contract": "X", "quantity": -1.5, "isCust": true}\n'
        b'{"account": "B", "product": "P", "type": "FUT", "expiry": "202606", "quantity": 2}\n'
    ),
    "parquet": _parquet(),
    "ice": (
        b"P,ACC1,IPE,B,F,20260900,,25,DCO,H\r\n"
        b"P,ACC1,IPE,B,C,20260900,7550,-10,DCO,H\r\n"
        b"\r\n"
        b"P,ACC2,IFEU,I,P,20261214,9575,3,DCO,H\r\n"
    ),
    "posfile": (
        b'<?xml version="1.0"?>\n<posFile><fileFormat>4.00</fileFormat><pointInTime><date>20251209</date>\n'
        b"<portfolio><firm>BSE</firm><acctId>S1</acctId><acctType>S</acctType><isCust>1</isCust><seg>N/A</seg>\n"
        b"<currency>INR</currency><ledgerBal>0.00</ledgerBal><ote>0.00</ote><securities>0.00</securities>\n"
        b"<ecPort><ec>ICCL</ec><ccPort><cc>BSX</cc><currency>INR</currency>\n"
        b"<np><exch>BSE</exch><pfCode>BSXFUT</pfCode><pfType>FUT</pfType><pe>20251224</pe><net>30</net></np>\n"
        b"</ccPort></ecPort></portfolio></pointInTime></posFile>\n"
    ),
}
