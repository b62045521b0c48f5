"""Figure y.2.1 of TR 29.828, TCP without TLS, as a table; the variants differ in who calls whom.

T1 is the termination towards the phone (UE X), T2 that towards the core (UE Y).  Steps 3, 6, 8, 11, 14, 17,
19, 22 and 23 happen inside a node.  Step 13 is drawn before 15; our controller keeps the answer until both
terminations are configured, which the figure's order of causes (13 after 12, 21 after 13 and 20) allows.
"""

from imsedge.core.trace import Kind
from imsedge.play.steps import AGW, ALG, CORE, UE, Step
from imsedge.play.variants import ACTIVE, MERGE, RELAY, Variant

_SYN, _REPEATED = r"SYN(?! ACK)", r"SYN \(repeated\)"

_SIGNALLING = (
    Step("1", Kind.SIP, UE, ALG, "INVITE"),
    Step("2", Kind.H248, ALG, AGW, r"ADD req C=\$"),
    Step("4", Kind.H248, AGW, ALG, r"ADD resp C=\d"),
    Step("5", Kind.H248, ALG, AGW, r"ADD req C=\d"),
    Step("7", Kind.H248, AGW, ALG, r"ADD resp C=\d"),
    Step("9", Kind.SIP, ALG, CORE, "INVITE"),
    Step("10", Kind.SIP, CORE, ALG, r"200 .*\(INVITE\)"),
    Step("12", Kind.H248, ALG, AGW, r"MOD req C=\d"),
    Step("15", Kind.H248, AGW, ALG, r"MOD resp C=\d"),
    Step("18", Kind.H248, ALG, AGW, r"MOD req C=\d"),
    Step("20", Kind.H248, AGW, ALG, r"MOD resp C=\d"),
    Step("13", Kind.SIP, ALG, UE, r"200 .*\(INVITE\)", after=("12",)),
)
DATA = Step("25", Kind.MSRP, UE, AGW, "SEND", after=("16", "21"))


def bearer_figure(answer: str, variant: Variant) -> tuple[Step, ...]:
    """The steps of one variant, whose mode is known."""
    return (*bearer_call(answer, variant), DATA)


def bearer_call(answer: str, variant: Variant) -> tuple[Step, ...]:
    """The same without payload."""
    return (*_SIGNALLING, *towards_core(answer, variant), *towards_phone(answer, variant))


def towards_core(answer: str, variant: Variant) -> tuple[Step, ...]:
    """The handshake on T2."""
    if variant.delayed:
        return (
            Step("16", Kind.TCP, CORE, AGW, _SYN, after=("9",)),
            Step("16'", Kind.TCP, CORE, AGW, _REPEATED, after=("16", "12")),
        )
    if variant.simultaneous:
        return (
            Step("16", Kind.TCP, AGW, CORE, _SYN, after=("12",)),
            Step("16'", Kind.TCP, CORE, AGW, _SYN, after=("16",)),
        )
    if answer == ACTIVE:
        return (Step("16", Kind.TCP, CORE, AGW, _SYN, after=("12",)),)
    # Stateless handling has no connection of its own: the phone's SYN goes through (21 is before 16).
    return (Step("16", Kind.TCP, AGW, CORE, _SYN, after=("21",) if variant.mode == RELAY else ("12",)),)


def towards_phone(answer: str, variant: Variant) -> tuple[Step, ...]:
    """The handshake on T1, and the report that both are up, of which stateless handling knows nothing."""
    if answer == ACTIVE and variant.mode != MERGE:
        called = Step("21", Kind.TCP, AGW, UE, _SYN, after=("16",))
    else:
        called = Step("21", Kind.TCP, UE, AGW, _SYN, after=("13", "20"))
    seen = ("16",) if called.source == AGW else ("16", "21")
    # A phone that is called may look at its socket later than the gateway writes its report.
    reported = Step("24", Kind.H248, AGW, ALG, r"NOTIFY req C=\d+ T=ip/access", after=seen)
    return (called,) if variant.mode == RELAY else (called, reported)
