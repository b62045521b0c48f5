"""Context properties and audits."""

from imsedge.h248.model import (
    ContextAudit,
    ContextProperties,
    Parameter,
    TopologyDirection,
    TopologyTriple,
)
from kit.h248_text import read_action, read_action_reply


def test_every_property() -> None:
    action = read_action("TP{a,b,BW,a,$,OWE,ST=3},PR=15,EGO,IEPS=OFF,CT{x/y=1},CT{CLT={1,2}}")
    assert action.properties == ContextProperties(
        (
            TopologyTriple("a", "b", TopologyDirection.BOTHWAY),
            TopologyTriple("a", "$", TopologyDirection.ONEWAY_EXTERNAL, 3),
        ),
        15,
        emergency=False,
        ieps=False,
        properties=(Parameter("x/y", ("1",)),),
        context_list=(1, 2),
    )


def test_package_properties_of_a_context() -> None:
    properties = read_action_reply("CT{x/y=1,x/z=2}").properties
    assert properties == ContextProperties(properties=(Parameter("x/y", ("1",)), Parameter("x/z", ("2",))))


def test_what_can_be_audited() -> None:
    assert read_action("CA{TP,EG,PR,IEPS,x/y}").audit == ContextAudit(
        topology=True, emergency=True, priority=True, ieps=True, properties=("x/y",)
    )


def test_selectors() -> None:
    assert read_action("CA{PR=3,EGV=EG,IEPS=ON,ANDLgc,x/y=4,CLT={*}}").audit == ContextAudit(
        select_priority=3,
        select_emergency=True,
        select_ieps=True,
        select_all=True,
        select_properties=(Parameter("x/y", ("4",)),),
        select_contexts=(0xFFFF_FFFF,),
    )


def test_the_form_with_context_attributes() -> None:
    assert read_action("CA{CT{PR,CLT,x/y}}").audit == ContextAudit(
        priority=True, context_list=True, attributes=("x/y",)
    )
