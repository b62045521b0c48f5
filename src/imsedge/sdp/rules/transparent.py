"""Plain TCP, and end-to-end TLS that passes untouched (TS 23.334 clause 6.2.10A): only addresses change.

The one exception is ``3ge2ae``, which is between a UE and its own edge and must never travel further.
"""

from imsedge.sdp.rules.model import ANY, Rule

BOTH_WAYS = (Rule("3ge2ae stays at its edge", ANY, ANY, drop=frozenset({"3ge2ae"})),)
