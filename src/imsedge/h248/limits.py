"""Limits that every encoding shares; each bounds what a peer can make us keep or answer."""

MAX_MESSAGE = 65_535  # octets: no transport of H.248 carries more in one message (UDP and TPKT end below)
MAX_TRANSACTIONS = 1_000  # in one message: each may cost an answer of its own
HIGHEST_VERSION = 3  # of H.248.1
