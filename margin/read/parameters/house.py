"""House configuration: risk arrays, spreads and rates of one clearing organisation in a YAML document."""

from __future__ import annotations

from margin.model.parameters import ParameterSet
from margin.read.parameters._sessions import require_session
from margin.read.source import Source

_SUFFIXES = (".yaml", ".yml")


def recognise(source: Source) -> bool:
    """Whether the input is a YAML document, by its name."""
    return source.name.lower().endswith(_SUFFIXES)


def read(source: Source, session: str | None = None) -> ParameterSet:
    """Read a house configuration, and the file of contracts it may name.

    Args:
        source: The YAML document; a file of contracts is looked for beside it.
        session: Which session is asked for; a house configuration has one, a settlement.

    Returns:
        The parameters; losses of one long contract, positive, in the commodity's currency.

    Raises:
        InputRefused: With all faults of the document and of the file of contracts, or another session is asked for.
    """
    # Readers of other formats shall not wait for the document models to be built.
    from margin.read.parameters._house.reading import read_document

    parameters = read_document(source)
    for org in parameters.clearing_orgs:
        require_session(org.point_in_time, session, org.code, source.path)
    return parameters
