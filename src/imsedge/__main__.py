"""``python -m imsedge`` is ``imsedge``."""

from imsedge.cli.main import main

main()
