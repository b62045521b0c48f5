"""What is shown of a call to people (``imsedge calls``)."""

from imsedge.alg.legs import Legs
from imsedge.alg.media import Media
from imsedge.alg.outputs import CallView, StreamView
from imsedge.alg.procedures import Side


def view_call(legs: Legs, media: Media, state: str, age: float) -> CallView:
    """``age`` in seconds since the INVITE."""
    session, invite = media.session, legs.invite
    return CallView(
        call_id=invite.call_id,
        caller=invite.from_.uri,
        callee=invite.to.uri,
        direction="originating" if legs.side is Side.ACCESS else "terminating",
        state=state,
        age=age,
        gateway=str(media.gateway or ""),
        context=session.context,
        access_termination=session.terminations.get(Side.ACCESS, ""),
        core_termination=session.terminations.get(Side.CORE, ""),
        streams=view_streams(media),
    )


def view_streams(media: Media) -> tuple[StreamView, ...]:
    """The anchored streams of a call."""
    return tuple(
        StreamView(
            stream=line.stream,
            access=str(line.local.get(Side.ACCESS, "")),
            core=str(line.local.get(Side.CORE, "")),
            access_peer=str(line.told[Side.ACCESS].address) if Side.ACCESS in line.told else "",
            core_peer=str(line.told[Side.CORE].address) if Side.CORE in line.told else "",
        )
        for line in media.session.lines.values()
    )
