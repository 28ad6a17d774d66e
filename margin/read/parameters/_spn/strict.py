"""The reference tokeniser: any well-formed document, through the expat parser."""

from __future__ import annotations

from array import array
from typing import NoReturn
from xml.parsers import expat

import numpy as np

from margin.model.problem import InputRefused, Problem, Reason
from margin.read.parameters._spn.elements import XML_SPACE, ElementTable
from margin.read.parameters._spn.reading import Reading

MAX_DEPTH = 64
"""How deep elements may lie inside one another (the schema needs about 12)."""

_HARMLESS_ATTRIBUTES = ("xmlns", "xsi:", "xml:")


def tokenise(content: bytes, reading: Reading) -> ElementTable:
    """Turn a UTF-8 document into columns.

    Args:
        content: The document.
        reading: Takes warnings about attributes and faults such as text between elements.

    Raises:
        InputRefused: The document is not well-formed XML, declares a document type or is nested too deeply.
    """
    return _Tokeniser(content, reading).run()


class _Tokeniser:
    def __init__(self, content: bytes, reading: Reading) -> None:
        self.content = content
        self.reading = reading
        self.codes: dict[str, int] = {}
        self.tag = array("i")
        self.parent = array("i")
        self.end = array("i")
        self.offset = array("q")
        self.text = bytearray()
        self.text_start = array("q")
        self.text_end = array("q")
        self.open: list[int] = []
        self.pending: list[str] = []
        self.stray: list[int] = []
        self.attributed: set[str] = set()
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._close
        self.parser.CharacterDataHandler = self.pending.append
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.EntityDeclHandler = self._refuse_doctype

    def run(self) -> ElementTable:
        try:
            self.parser.Parse(self.content, True)
        except expat.ExpatError as error:
            self._refuse_malformed(error)
        for row in self.stray[:10]:
            self.reading.faults.add(
                Reason.SYNTAX,
                f"there is text between the elements inside <{self._name(row)}>, expected elements only; "
                "the file may be damaged here",
                line=self._line(self.offset[row]),
            )
        self.reading.faults.count_unlisted(max(0, len(self.stray) - 10))
        return ElementTable(
            names=tuple(self.codes),
            tag=np.frombuffer(self.tag, dtype=np.int32),
            parent=np.frombuffer(self.parent, dtype=np.int32),
            end=np.frombuffer(self.end, dtype=np.int32),
            offset=np.frombuffer(self.offset, dtype=np.int64),
            content=self.content,
            text=bytes(self.text),
            text_start=np.frombuffer(self.text_start, dtype=np.int64),
            text_end=np.frombuffer(self.text_end, dtype=np.int64),
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        row = len(self.tag)
        if attributes:
            self._warn_of_attributes(name, attributes)
        if self.pending:
            self._drop_pending()
        if len(self.open) >= MAX_DEPTH:
            self._refuse(
                Reason.HOSTILE_CONTENT,
                f"elements lie more than {MAX_DEPTH} deep inside one another at <{name}>, "
                "which no SPAN file needs; check where the file comes from",
                self.parser.CurrentLineNumber,
            )
        self.tag.append(self.codes.setdefault(name, len(self.codes)))
        self.parent.append(self.open[-1] if self.open else -1)
        self.end.append(0)
        self.offset.append(self.parser.CurrentByteIndex)
        self.text_start.append(0)
        self.text_end.append(0)
        self.open.append(row)

    def _close(self, _: str) -> None:
        row = self.open.pop()
        self.end[row] = len(self.tag)
        if self.pending:
            if row == len(self.tag) - 1:
                self.text_start[row] = len(self.text)
                self.text += "".join(self.pending).encode()
                self.text_end[row] = len(self.text)
                self.pending.clear()
            else:
                self.open.append(row)
                self._drop_pending()
                self.open.pop()

    def _drop_pending(self) -> None:
        """Text that stands beside elements: white space, or a fault."""
        if "".join(self.pending).strip(XML_SPACE):
            self.stray.append(self.open[-1])
        self.pending.clear()

    def _warn_of_attributes(self, name: str, attributes: dict[str, str]) -> None:
        unknown = [key for key in attributes if not key.startswith(_HARMLESS_ATTRIBUTES)]
        if unknown and name not in self.attributed:
            self.attributed.add(name)
            self.reading.warn(
                Reason.SYNTAX,
                f"<{name}> has the attribute {unknown[0]}, which SPAN XML does not define; it is not read",
                line=self.parser.CurrentLineNumber,
            )

    def _refuse_doctype(self, name: str, *_: object) -> None:
        if name.lower() == "html":
            self._refuse(
                Reason.UNKNOWN_FORMAT,
                "this is an HTML page, expected a SPAN XML file (root element spanFile); "
                "the download may have brought an error page",
                self.parser.CurrentLineNumber,
            )
        self._refuse(
            Reason.HOSTILE_CONTENT,
            f"the file has a document type declaration (<!DOCTYPE {name}>), which SPAN XML never uses and which "
            "can make a reader expand or fetch other content; remove it if the file is genuine",
            self.parser.CurrentLineNumber,
        )

    def _refuse_malformed(self, error: expat.ExpatError) -> NoReturn:
        line, column = error.lineno, error.offset + 1
        what = expat.ErrorString(error.code)
        inside = f" inside <{'><'.join(self._name(row) for row in self.open)}>" if self.open else ""
        if error.code in _TRUNCATED and self.parser.CurrentByteIndex >= len(self.content) - 1:
            message = f"the file ends{inside} before its XML is complete ({what}); copy or download it again"
        else:
            message = f"the XML is not well-formed{inside}: {what}; the file is damaged or was edited"
        self._refuse(Reason.SYNTAX, message, line, column)

    def _refuse(self, reason: Reason, message: str, line: int, column: int | None = None) -> NoReturn:
        problem = Problem(reason, message, file=self.reading.path, line=line, column=column)
        raise InputRefused([*self.reading.faults.problems, problem])

    def _name(self, row: int) -> str:
        return tuple(self.codes)[self.tag[row]]

    def _line(self, offset: int) -> int:
        return self.content.count(b"\n", 0, offset) + 1


_TRUNCATED = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}
