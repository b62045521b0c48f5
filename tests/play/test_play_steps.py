"""The figure's numbers land on the arrows they belong to, and a wrong order is named."""

from imsedge.core.trace import Kind
from imsedge.play.steps import AGW, ALG, CORE, FIGURES, UE, Arrow, number, out_of_order

STEPS = FIGURES["msrp-e2ae-originating", "active"]

FLOW = [
    (Kind.H248, ALG, AGW, "MOD req C=- T=ROOT", None),
    (Kind.SIP, UE, ALG, "REGISTER", None),
    (Kind.SIP, CORE, ALG, "200 OK (REGISTER)", None),
    (Kind.SIP, UE, ALG, "INVITE offer", "1"),
    (Kind.SIP, ALG, UE, "100 Trying", None),
    (Kind.H248, ALG, AGW, "ADD req C=$", "2"),
    (Kind.H248, AGW, ALG, "ADD resp C=1", "4"),
    (Kind.H248, ALG, AGW, "ADD req C=1", "5"),
    (Kind.H248, AGW, ALG, "ADD resp C=1", "7"),
    (Kind.SIP, ALG, CORE, "INVITE offer", "9"),
    (Kind.TCP, CORE, AGW, "SYN", "10"),
    (Kind.TCP, AGW, CORE, "SYN ACK", None),
    (Kind.TCP, AGW, UE, "SYN", "11"),
    (Kind.SIP, CORE, ALG, "200 OK (INVITE) SDP answer", "12"),
    (Kind.H248, ALG, AGW, "MOD req C=1", "13"),
    (Kind.H248, AGW, ALG, "MOD resp C=1", "15"),
    (Kind.H248, ALG, AGW, "MOD req C=1", "16"),
    (Kind.H248, AGW, ALG, "MOD resp C=1", "18"),
    (Kind.TLS, AGW, UE, "ClientHello", "21"),
    (Kind.SIP, ALG, UE, "200 OK (INVITE) SDP answer", "20"),
]


def arrows(rows: list[tuple[Kind, str, str, str, str | None]]) -> list[Arrow]:
    return [Arrow(float(at), *row[:4]) for at, row in enumerate(rows)]


def test_each_arrow_gets_the_number_that_the_figure_draws() -> None:
    seen = arrows(FLOW)
    numbers = number(seen, STEPS)
    assert numbers == [row[4] for row in FLOW]
    assert out_of_order(numbers, STEPS) == []


def test_a_missing_step_and_one_too_early_are_named() -> None:
    rows = [row for row in FLOW if row[4] != "18"]
    rows.insert(1, rows.pop(rows.index(next(row for row in rows if row[4] == "11"))))
    seen = arrows(rows)
    assert out_of_order(number(seen, STEPS), STEPS) == [
        "step 18 was not seen",
        "step 11 came before step 10",
    ]


def test_a_step_may_share_its_message_with_another_transaction() -> None:
    rows = [(*row[:3], f"ack; {row[3]}", row[4]) if row[4] == "15" else row for row in FLOW]
    assert [row[4] for row in rows] == number(arrows(rows), STEPS)
