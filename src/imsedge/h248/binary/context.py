"""What the two sides must have agreed on before one can read the other."""

from imsedge.h248.binary.terminations import TerminationNames
from imsedge.h248.dialect import PLAIN, Dialect
from imsedge.h248.packages.catalogue import Catalogue


class Context:
    """Compared by identity.

    For binary ``catalogue``, the numbers of packages, and ``names``, the hierarchy of terminations; for text
    ``dialect``, the names of items.
    """

    __slots__ = ("catalogue", "dialect", "extended", "names")

    def __init__(self, catalogue: Catalogue, names: TerminationNames, dialect: Dialect = PLAIN) -> None:
        self.catalogue = catalogue
        self.names = names
        self.dialect = dialect
        self.extended = False  # the message being read has components that nobody here knows

    def replace(self, catalogue: Catalogue | None = None, dialect: Dialect | None = None) -> "Context":
        """The same with another catalogue or dialect."""
        return Context(catalogue or self.catalogue, self.names, dialect or self.dialect)
