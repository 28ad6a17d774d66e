"""Files that are built to exhaust a machine, to make a reader fetch or run something, or to slip a wrong number in."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import polars as pl

from tests.read.parameters.spn_documents import document, indented
from tests.read.positions.samples import SAMPLES

SPN = indented(document())
POLICY = "format: margin-house\nversion: 1\ntitle: A\nsource: B\neffective_date: 2026-01-01\nquantity_unit: contracts\n"
HEADER = "account,contract,quantity\n"
MILLION = 1_000_000

_ENTITIES = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def declared(document_type: str, root: str, inside: str) -> bytes:
    """An XML document with a document type declaration."""
    return f"<!DOCTYPE {root} {document_type}><{root}>{inside}</{root}>".encode()


def zeros_compressed(megabytes: int) -> bytes:
    """A raw deflate stream of that many megabytes of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + packer.flush()


def gzip_bomb(megabytes: int) -> bytes:
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + zeros_compressed(megabytes) + bytes(8)


def zip_bomb(megabytes: int, stated: int) -> bytes:
    """A zip archive of one member of that many megabytes that states another size."""
    packed, name = zeros_compressed(megabytes), b"parameters.spn"
    sizes = struct.pack("<HHIII", 0, 0, 0, len(packed), stated) + struct.pack("<H", len(name))
    local = b"PK\x03\x04" + struct.pack("<HHH", 20, 0, 8) + sizes + b"\0\0" + name
    central = b"PK\x01\x02" + struct.pack("<HHHH", 20, 20, 0, 8) + sizes + bytes(16) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + end


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def nested(levels: int) -> bytes:
    content, name = SPN.encode(), "parameters.spn"
    for level in range(levels):
        content, name = zipped((name, content)), f"{level}.zip"
    return content


def parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


def overwritten(content: bytes, at: int, by: bytes) -> bytes:
    return content[:at] + by + content[at + len(by) :]


def million_faults_xml() -> bytes:
    position = b"<np><exch>B</exch><pfCode>B</pfCode><pfType>FUT</pfType><pe>202612</pe><net>z</net></np>\n"
    return SAMPLES["posfile"].replace(b"</ccPort>", position * 100_000 + b"</ccPort>")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "entities-that-grow.spn": lambda: declared(f'[<!ENTITY l0 "ha">{_ENTITIES}]', "spanFile", "&l9;"),
    "one-long-entity-repeated.spn": lambda: declared(f'[<!ENTITY a "{"a" * 100_000}">]', "spanFile", "&a;" * 100_000),
    "entity-of-a-file.spn": lambda: declared('[<!ENTITY e SYSTEM "file:///etc/hostname">]', "spanFile", "&e;"),
    "document-type-from-a-server.spn": lambda: declared('SYSTEM "http://127.0.0.1:9/a.dtd"', "spanFile", ""),
    "million-levels.spn": lambda: b"<spanFile>" + b"<a>" * MILLION,
    "million-levels-closed.spn": lambda: b"<spanFile>" + b"<a>" * MILLION + b"</a>" * MILLION + b"</spanFile>",
    "name-of-a-megabyte.spn": lambda: b"<spanFile><%b></%b></spanFile>" % ((b"a" * MILLION,) * 2),
    "name-of-a-megabyte-in-a-message.spn": lambda: SPN.replace("<point>3<", f"<point>{'9' * MILLION}<").encode(),
    "hundred-thousand-names.spn": lambda: (
        b"<spanFile>" + b"".join(b"<a%d></a%d>" % (i, i) for i in range(100_000)) + b"</spanFile>"
    ),
    "many-comments-before-the-root.spn": lambda: b"<!-- a -->" * 300_000 + b"<spanFile></spanFile>",
    "endless-line.spn": lambda: b"<spanFile>" + b"x" * (20 << 20),
    "only-nul.spn": lambda: bytes(MILLION),
    "gigabytes-in-gzip.spn.gz": lambda: gzip_bomb(10_240),
    "gigabytes-in-zip.zip": lambda: zip_bomb(10_240, 0xFFFFFFFE),
    "gigabytes-in-zip-that-lies.zip": lambda: zip_bomb(10_240, 1_000),
    "zip-in-zip-in-zip.zip": lambda: nested(5),
    "ten-thousand-members.zip": lambda: zipped(*((f"{i}.spn", b"x") for i in range(10_000))),
    "aliases-that-grow.yaml": lambda: (
        POLICY + "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    ).encode(),
    "merge-keys.yaml": lambda: (POLICY + "a: &a {b: 1}\nc:\n  <<: *a\n").encode(),
    "tag-that-runs-something.yaml": lambda: (POLICY + 'a: !!python/object/apply:os.system ["id"]\n').encode(),
    "million-levels.yaml": lambda: b"[" * MILLION,
    "million-keys-in-keys.yaml": lambda: b"? " * MILLION,
    "million-digits.yaml": lambda: (POLICY + f"requirement_multiplier: {'9' * MILLION}\n").encode(),
    "tag-of-a-megabyte.yaml": lambda: b"!" * (MILLION // 4),
    "larger-than-any-document.yaml": lambda: b"a" * (5 << 20),
    "many-unknown-fields.yaml": lambda: (POLICY + "".join(f"k{i}: 1\n" for i in range(5_000))).encode(),
    "million-control-characters.yaml": lambda: b"\x01" * MILLION,
    "million-faults.csv": lambda: (HEADER + "".join(f"A,X,z{i}\n" for i in range(MILLION))).encode(),
    "million-short-rows.csv": lambda: HEADER.encode() + b"A\n" * MILLION,
    "endless-value.csv": lambda: HEADER.encode() + b"A" * (20 << 20),
    "endless-header.csv": lambda: b"a" * (20 << 20),
    "only-nul.csv": lambda: HEADER.encode() + bytes(MILLION),
    "not-utf-8.csv": lambda: HEADER.encode() + "Aé,X,1\n".encode("latin-1"),
    "thirty-thousand-equal-names.csv": lambda: b"account," * 30_000 + b"contract,quantity\n",
    "million-levels.ndjson": lambda: b'{"account":"A","contract":"X","quantity":' + b"[" * MILLION + b"]" * MILLION,
    "key-given-again.ndjson": lambda: b'{"account":"A","account":"B","contract":"X","quantity":1}\n',
    "key-given-again-behind-many.ndjson": lambda: (
        b"{" + b"".join(b'"a%d":1,' % i for i in range(100_000)) + b'"b":1,"b":2}\n'
    ),
    "a-key-of-its-own-in-every-line.ndjson": lambda: b"".join(
        b'{"account":"A","contract":"X","quantity":1,"k%d":1}\n' % i for i in range(20_000)
    ),
    "half-a-character.ndjson": lambda: b'{"account":"\\ud800","contract":"X","quantity":1}\n',
    "endless-line.ndjson": lambda: b'{"account":"' + b"A" * (20 << 20),
    "million-digits.ndjson": lambda: b'{"account":"A","contract":"X","quantity":' + b"9" * MILLION + b"}\n",
    "million-levels.pos": lambda: b"<posFile>" + b"<a>" * MILLION,
    "entities-that-grow.pos": lambda: declared(f'[<!ENTITY l0 "ha">{_ENTITIES}]', "posFile", "&l9;"),
    "hundred-thousand-faults.pos": million_faults_xml,
    "nested-columns.parquet": lambda: parquet(account=[["A"]], contract=[{"a": 1}], quantity=[[1.0]]),
    "undefined-numbers.parquet": lambda: parquet(
        account=["A", "B"], contract=["X", "Y"], quantity=[float("nan"), float("inf")]
    ),
    "wrong-types.parquet": lambda: parquet(account=[1.5], contract=[True], quantity=["1"]),
    "footer-of-gigabytes.parquet": lambda: overwritten(
        SAMPLES["parquet"], len(SAMPLES["parquet"]) - 8, b"\xff\xff\xff\x7f"
    ),
    "damaged-footer.parquet": lambda: overwritten(SAMPLES["parquet"], len(SAMPLES["parquet"]) - 200, b"\xff" * 90),
    "damaged-pages.parquet": lambda: overwritten(SAMPLES["parquet"], 4, b"\xff" * 60),
}
"""Content by name; the name says what is wrong, its ending which reader is meant."""

NOT_NUMBERS = {
    "1e300": "beyond any amount",
    "1e999": "beyond doubles",
    "-1e999": "beyond doubles",
    "1_000": "underscore",
    "٣": "digit of another script",
    "１": "wide digit",
    "nan": "undefined",
    "NaN": "undefined",
    "inf": "infinite",
    "-Infinity": "infinite",
    "0x10": "hexadecimal",
    "9" * 1_000: "a thousand digits",
    "1e" + "9" * 1_000: "exponent of a thousand digits",
}
"""What must not pass for a number anywhere."""


def with_number(ending: str, text: str) -> bytes:
    """A small sound file but for one number."""
    if ending == ".spn":
        return SPN.replace(">753.93<", f">{text}<").encode()
    if ending == ".yaml":
        return f"{POLICY}requirement_multiplier: {text}\n".encode()
    if ending == ".csv":
        return f"{HEADER}A,X,{text}\n".encode()
    if ending == ".ndjson":
        return f'{{"account":"A","contract":"X","quantity":{json.dumps(text, ensure_ascii=False)}}}\n'.encode()
    if ending == ".pos":
        return SAMPLES["posfile"].replace(b"<net>30<", f"<net>{text}<".encode())
    raise ValueError(ending)
