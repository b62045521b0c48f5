"""What follows from the settings."""

from imsedge.alg.policy import SERVED, Policy, Securing
from imsedge.alg.settings import MECHANISMS, EdgeSettings
from imsedge.core.address import TransportAddress

HERE = TransportAddress("192.0.2.1", 5060)


def announced(**securing: Securing) -> tuple[str, ...]:
    named = {name.replace("_", "-"): value for name, value in securing.items()}
    settings = EdgeSettings(access=HERE, core=HERE, next_hop=HERE, policy=Policy(securing=named))
    return settings.announced


def test_what_is_switched_off_is_not_announced() -> None:
    assert announced() == MECHANISMS
    assert announced(msrp_tls=Securing.ALWAYS) == MECHANISMS
    assert announced(msrp_tls=Securing.NEVER) == MECHANISMS[1:]


def test_all_that_can_be_secured_has_a_mechanism() -> None:
    assert MECHANISMS[:2] == ("msrp-tls", "bfcp-tls")
    assert len(MECHANISMS) == len(SERVED)
