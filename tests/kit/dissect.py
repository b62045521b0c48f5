"""tshark as a judge: what its dissectors say about datagrams that we wrote."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from kit.peers import need


def complaints(datagrams: Sequence[bytes], port: int, folder: Path) -> list[str]:
    """One line for each datagram that tshark finds malformed; ``port`` picks the dissector (2944 or 2945)."""
    text2pcap, tshark = need("text2pcap"), need("tshark")
    dump = folder / "datagrams.txt"
    capture = folder / "datagrams.pcap"
    dump.write_text("".join(_hex(datagram) for datagram in datagrams))
    subprocess.run(
        [text2pcap, "-q", "-4", "192.0.2.1,192.0.2.2", "-u", f"{port},{port}", str(dump), str(capture)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    run = subprocess.run(
        [
            tshark,
            "-n",
            "-r",
            str(capture),
            "-Y",
            "_ws.malformed",
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "_ws.col.Info",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return run.stdout.splitlines()


def dissected(datagrams: Sequence[bytes], port: int, folder: Path, protocol: str) -> int:
    """In how many of the datagrams tshark recognised ``protocol``."""
    complaints(datagrams, port, folder)
    run = subprocess.run(
        [
            need("tshark"),
            "-n",
            "-r",
            str(folder / "datagrams.pcap"),
            "-Y",
            protocol,
            "-T",
            "fields",
            "-e",
            "frame.number",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return len(run.stdout.splitlines())


MSRP_FIELDS = (
    "transaction.id",
    "method",
    "status.code",
    "to.path",
    "from.path",
    "messageid",
    "byte.range",
    "success.report",
    "status",
    "content.type",
    "cnt.flg",
)


def msrp_read(frames: Sequence[bytes], folder: Path) -> list[dict[str, str]]:
    """What tshark reads in each MSRP message; fields that are not there are empty."""
    dump, capture = folder / "msrp.txt", folder / "msrp.pcap"
    dump.write_text("".join(map(_hex, frames)))
    made = [need("text2pcap"), "-q", "-4", "192.0.2.1,192.0.2.2", "-T", "2855,2855", str(dump), str(capture)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    asked = [word for name in MSRP_FIELDS for word in ("-e", f"msrp.{name}")]
    command = [need("tshark"), "-n", "-r", str(capture), "-d", "tcp.port==2855,msrp", "-T", "fields", *asked]
    command += ["-e", "_ws.malformed"]
    run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert not any(row[-1] for row in rows), "tshark finds a message malformed"
    return [dict(zip(MSRP_FIELDS, row, strict=False)) for row in rows]


def _hex(datagram: bytes) -> str:
    rows = (datagram[at : at + 16] for at in range(0, len(datagram), 16))
    return "".join(f"{16 * row:06x} {octets.hex(' ')}\n" for row, octets in enumerate(rows)) + "\n"
