"""H.248.1 transactions: ``Transactions`` is the machine, ``events`` are its inputs and outputs."""

from imsedge.h248.transactions.events import (
    Abandon,
    Failure,
    Forget,
    MessageErrorArrived,
    Noted,
    PeerSuspected,
    Received,
    ReplyArrived,
    RequestAborted,
    RequestArrived,
    RequestFailed,
    Result,
    SendReply,
    SendRequest,
    Settle,
    TransactionInput,
    TransactionOutput,
    Transmit,
    Tune,
)
from imsedge.h248.transactions.machine import Transactions
from imsedge.h248.transactions.settings import TransactionSettings

__all__ = [
    "Abandon",
    "Failure",
    "Forget",
    "MessageErrorArrived",
    "Noted",
    "PeerSuspected",
    "Received",
    "ReplyArrived",
    "RequestAborted",
    "RequestArrived",
    "RequestFailed",
    "Result",
    "SendReply",
    "SendRequest",
    "Settle",
    "TransactionInput",
    "TransactionOutput",
    "TransactionSettings",
    "Transactions",
    "Transmit",
    "Tune",
]
