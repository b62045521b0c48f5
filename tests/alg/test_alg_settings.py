"""What follows from the settings."""

from imsedge.alg.policy import Policy, Securing
from imsedge.alg.settings import EdgeSettings
from imsedge.core.address import TransportAddress

HERE = TransportAddress("192.0.2.1", 5060)


def announced(**securing: Securing) -> tuple[str, ...]:
    named = {name.replace("_", "-"): value for name, value in securing.items()}
    settings = EdgeSettings(access=HERE, core=HERE, next_hop=HERE, policy=Policy(securing=named))
    return settings.announced


def test_what_is_switched_off_is_not_announced() -> None:
    assert announced() == ("msrp-tls",)
    assert announced(msrp_tls=Securing.ALWAYS) == ("msrp-tls",)
    assert announced(msrp_tls=Securing.NEVER) == ()
