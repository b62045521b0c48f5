"""Hypothesis strategies for whole H.248 messages: every verb, every level, every version.

``messages(version)`` draws from the whole model; ``wild=True`` adds what only text can carry.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from imsedge.h248 import model as m
from kit.h248_audits import audits
from kit.h248_descriptors import (
    CONTEXT_IDS,
    ERRORS,
    MIDS,
    PRINTABLE,
    TERMINATIONS,
    TIME_STAMPS,
    TRANSACTION_IDS,
    UINT16,
    UINT32,
    WORDS,
    descriptors,
    lexical,
    maybe,
    observed,
    opaque,
    properties,
    property_names,
    returned,
)

__all__ = ["lexical", "messages", "requests", "service_changes", "transaction_replies"]

METHODS = st.sampled_from(m.ServiceChangeMethod).map(lambda method: method.value)


def service_changes(version: int) -> SearchStrategy[m.ServiceChange]:
    """Requests; either an address or an MGC to try."""
    target: SearchStrategy[dict[str, Any]] = st.one_of(
        st.just({}),
        st.one_of(MIDS, UINT16).map(lambda address: {"address": address}),
        MIDS.map(lambda mid: {"mgc_id": mid}),
    )
    return st.builds(
        lambda target, **rest: m.ServiceChange(**target, **rest),
        target,
        method=METHODS,
        reason=st.sampled_from(("901 Cold Boot", "902", "909 MGC Impending Failure")),
        profile=maybe(st.sampled_from(("ETSI_BGF/2", "NoProfile/1"))),
        version=maybe(st.integers(1, 3)),
        delay=maybe(UINT32),
        timestamp=maybe(TIME_STAMPS),
        incomplete=st.booleans() if version >= 3 else st.just(value=False),
        audit=maybe(audits(version).filter(lambda audit: audit != m.Audit())) if version >= 2 else st.none(),
        extensions=st.one_of(st.just(()), EXTENSIONS.map(lambda extension: (extension,))),
    )


EXTENSIONS = st.builds(
    m.Parameter,
    st.sampled_from(("X-a", "X+vendor", "x-123456")),
    st.one_of(WORDS, PRINTABLE.map('"{}"'.format)).map(lambda value: (value,)),
)
SERVICE_CHANGE_RESULTS = st.builds(
    m.ServiceChangeResult,
    address=maybe(st.one_of(MIDS, UINT16)),
    profile=maybe(st.just("ETSI_BGF/2")),
    version=maybe(st.integers(1, 3)),
    timestamp=maybe(TIME_STAMPS),
).filter(lambda result: result != m.ServiceChangeResult())


def _terminations(version: int) -> SearchStrategy[tuple[str, ...]]:
    one = TERMINATIONS.map(lambda name: (name,))
    return one if version < 3 else st.one_of(one, st.lists(TERMINATIONS, min_size=2, max_size=3).map(tuple))


@opaque
def commands(version: int, *, wild: bool = False) -> SearchStrategy[m.CommandRequest]:
    """Every verb with what belongs to it."""
    head = {
        "terminations": _terminations(version),
        "optional": st.booleans(),
        "wildcard_reply": st.booleans(),
    }
    amm = st.sampled_from((m.Verb.ADD, m.Verb.MOVE, m.Verb.MODIFY))
    return st.one_of(
        st.builds(
            m.CommandRequest, amm, descriptors=descriptors(version, audits(version), wild=wild), **head
        ),
        st.builds(m.CommandRequest, st.just(m.Verb.SUBTRACT), audit=maybe(audits(version)), **head),
        st.builds(
            m.CommandRequest,
            st.sampled_from((m.Verb.AUDIT_VALUE, m.Verb.AUDIT_CAPABILITY)),
            audit=audits(version),
            **head,
        ),
        st.builds(m.CommandRequest, st.just(m.Verb.NOTIFY), observed=observed(), **head),
        st.builds(
            m.CommandRequest, st.just(m.Verb.SERVICE_CHANGE), service_change=service_changes(version), **head
        ),
    )


@opaque
def replies(version: int, *, wild: bool = False) -> SearchStrategy[m.CommandReply]:
    """Every verb's answer."""
    names = _terminations(version)
    amms = st.sampled_from((m.Verb.ADD, m.Verb.MOVE, m.Verb.MODIFY, m.Verb.SUBTRACT))
    audit_verbs = st.sampled_from((m.Verb.AUDIT_VALUE, m.Verb.AUDIT_CAPABILITY))
    listed = st.lists(TERMINATIONS, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(m.CommandReply, st.one_of(amms, audit_verbs), names, returned(version, wild=wild)),
        st.builds(m.CommandReply, audit_verbs, listed, listed=st.just(value=True)),
        st.builds(
            m.CommandReply, st.just(m.Verb.NOTIFY), names, st.one_of(st.just(()), ERRORS.map(lambda e: (e,)))
        ),
        st.builds(
            m.CommandReply,
            st.just(m.Verb.SERVICE_CHANGE),
            names,
            service_change=maybe(SERVICE_CHANGE_RESULTS),
        ),
    )


def _triples(version: int) -> SearchStrategy[m.TopologyTriple]:
    directions = list(m.TopologyDirection) if version >= 3 else list(m.TopologyDirection)[:3]
    stream = maybe(UINT16) if version >= 3 else st.none()
    return st.builds(m.TopologyTriple, TERMINATIONS, TERMINATIONS, st.sampled_from(directions), stream)


def context_properties(version: int) -> SearchStrategy[m.ContextProperties]:
    """Attributes of a context; the later ones from version 3 on."""
    since_3 = maybe if version >= 3 else lambda _: st.none()
    return st.builds(
        m.ContextProperties,
        maybe(st.lists(_triples(version), min_size=1, max_size=2).map(tuple)),
        maybe(st.integers(0, 15)),
        maybe(st.booleans()) if version >= 3 else st.sampled_from((None, True)),
        since_3(st.booleans()),
        properties() if version >= 3 else st.just(()),
        since_3(st.lists(CONTEXT_IDS, min_size=1, max_size=2).map(tuple)),
    ).filter(lambda found: found != m.ContextProperties())


def context_audits(version: int) -> SearchStrategy[m.ContextAudit]:
    """Which attributes to return."""
    flags = [st.booleans(), st.booleans(), st.booleans()]
    if version < 3:
        found = st.builds(m.ContextAudit, *flags)
    else:
        selectors = [
            maybe(st.integers(0, 15)),
            maybe(st.booleans()),
            maybe(st.booleans()),
            maybe(st.booleans()),
        ]
        found = st.builds(
            m.ContextAudit,
            *flags,
            st.booleans(),
            property_names(),
            *selectors,
            select_properties=properties(),
        )
    return found.filter(lambda audit: audit != m.ContextAudit())


@opaque
def requests(version: int, *, wild: bool = False) -> SearchStrategy[m.TransactionRequest]:
    """Transactions of actions that hold at least one thing."""
    action = st.builds(
        m.ActionRequest,
        CONTEXT_IDS,
        st.lists(commands(version, wild=wild), max_size=2).map(tuple),
        maybe(context_properties(version)),
        maybe(context_audits(version)),
    ).filter(lambda found: bool(found.commands or found.properties or found.audit))
    return st.builds(
        m.TransactionRequest, TRANSACTION_IDS, st.lists(action, min_size=1, max_size=2).map(tuple)
    )


@opaque
def transaction_replies(version: int, *, wild: bool = False) -> SearchStrategy[m.TransactionReply]:
    """Replies, whole and (v3) segmented."""
    action = st.builds(
        m.ActionReply,
        CONTEXT_IDS,
        st.lists(replies(version, wild=wild), max_size=2).map(tuple),
        maybe(context_properties(version)),
        maybe(ERRORS),
    )
    result = st.one_of(st.lists(action, min_size=1, max_size=2).map(tuple), ERRORS)
    whole = st.builds(m.TransactionReply, TRANSACTION_IDS, result, st.booleans())
    if version < 3:
        return whole
    return st.one_of(
        whole, st.builds(m.TransactionReply, TRANSACTION_IDS, result, st.booleans(), UINT16, st.booleans())
    )


@opaque
def messages(version: int = 3, *, wild: bool = False) -> SearchStrategy[m.Message]:
    """Whole messages of ``version``."""
    ranges = st.lists(st.tuples(UINT32, UINT32).map(sorted).map(tuple), min_size=1, max_size=3).map(tuple)
    kinds: list[SearchStrategy[Any]] = [
        requests(version, wild=wild),
        transaction_replies(version, wild=wild),
        st.builds(m.TransactionPending, TRANSACTION_IDS),
        st.builds(m.TransactionAck, ranges),
    ]
    if version >= 3:
        kinds.append(st.builds(m.SegmentAck, TRANSACTION_IDS, UINT16, st.booleans()))
    auth = st.builds(m.AuthHeader, UINT32, UINT32, st.binary(min_size=12, max_size=32))
    body = st.one_of(st.lists(st.one_of(kinds), min_size=1, max_size=3).map(tuple), ERRORS)
    return st.builds(m.Message, st.just(version), MIDS, body, maybe(auth))
