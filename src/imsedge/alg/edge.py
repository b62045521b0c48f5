"""The controller's logic as one machine: P-CSCF towards SIP, media gateway controller towards H.248.

::

    edge = Edge(settings, ids)                 # EdgeSettings: addresses, next hop, policy, limits
    outputs = edge.handle(event, now)          # until edge.deadline, then edge.handle(Tick(), now)

**In** goes what the two protocol machines below give their user, as it is:

* from ``sip.transactions.TransactionLayer`` (one for both sides; ``Flow.local`` tells the side): RequestArrived,
  ResponseArrived, AckArrived, CancelArrived, TransactionFailed, StrayResponse, Note;
* from ``h248.association.ControllerAssociation``: GatewayUp, GatewayLeaving, GatewayDown, GatewayLost,
  ReplyArrived, RequestFailed, RequestArrived (Notify, ServiceChange of terminations), and the rest for the log.

**Out** comes what is to be fed back into them, in order, and lines for the log:

* SendRequest, SendResponse, SendCancel -> the transaction layer;
* RequestTo, SendReply -> the controller association;
* Log.

``calls()``, ``gateways.view()`` and ``len(registrations)`` show what is held.  The machine does no I/O.
"""

from imsedge.alg.call import Call
from imsedge.alg.gateways import Gateways
from imsedge.alg.media import Media
from imsedge.alg.messages import refusal
from imsedge.alg.notifications import Finding, Verdict, read_notify
from imsedge.alg.outputs import CallView, Log, Output, Tag
from imsedge.alg.planner import subtract_all
from imsedge.alg.policy import OnBearerFailure
from imsedge.alg.procedures import Side
from imsedge.alg.registration import Attempt, Refused, Registrations
from imsedge.alg.router import Router
from imsedge.alg.settings import EdgeSettings
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.core.timers import Timers
from imsedge.h248 import association as mgc
from imsedge.h248 import transactions as h248
from imsedge.h248.model import Mid
from imsedge.sip import events as sip
from imsedge.sip.errors import SipError
from imsedge.sip.events import ClientKey, ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipRequest, SipResponse, make_response
from imsedge.sip.routing import pop_via

SipInput = (
    sip.RequestArrived
    | sip.ResponseArrived
    | sip.AckArrived
    | sip.CancelArrived
    | sip.TransactionFailed
    | sip.StrayResponse
    | sip.Note
)
H248Input = (
    mgc.GatewayUp
    | mgc.GatewayLeaving
    | mgc.GatewayDown
    | mgc.GatewayLost
    | h248.ReplyArrived
    | h248.RequestFailed
    | h248.RequestArrived
    | h248.RequestAborted
    | h248.PeerSuspected
    | h248.MessageErrorArrived
    | h248.Noted
)
Input = SipInput | H248Input | Tick
