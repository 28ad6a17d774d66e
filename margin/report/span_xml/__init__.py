"""The run as a SPAN XML document with portfolios, as PC-SPAN saves its results.

Source: CME SPAN XML schema, ``spanFile``: parameters and portfolios of each point in time in one document. It holds
the parameters of what is held, and reads back as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".spn",)
IS_BINARY = False


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document, UTF-8, account by account.

    Figures are those of the run in the shortest decimals of the same doubles. A commodity without a requirement has
    positions and no requirement, and its account no totals: a missing figure is never written as zero.

    Raises:
        InputRefused: A held commodity has terms that the format cannot say, or a quantity is no whole number.
        RuntimeError: The run does not have the inputs it was calculated from.
    """
    from margin.report.span_xml.held import held_part
    from margin.report.span_xml.portfolios import Portfolios, refuse_fractions
    from margin.write.parameters.spn import write_with_portfolios

    if run.inputs is None:
        raise RuntimeError("only a run that calculate() has returned can be written with its parameters")
    refuse_fractions(run, run.inputs)
    held = held_part(run.inputs)
    portfolios = Portfolios(run, run.inputs, held)
    written, portfolios.ids = write_with_portfolios(held.parameters, portfolios)
    for piece in written.content:
        out.write(piece)
