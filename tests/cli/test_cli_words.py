"""``imsedge h248 --config``: what the peer calls otherwise, in text and in binary."""

import subprocess
from collections.abc import Callable
from pathlib import Path

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]

COMPACT = b"!/2 [192.0.2.1]:2944 T=7{C=3{MF=ip/access/1{M{ST=1{O{MO=SR,tcpbcc/mode=proxy}}}}}}"


def test_a_peer_with_other_words_and_numbers(imsedge: Imsedge, tmp_path: Path) -> None:
    file = tmp_path / "agw.toml"
    file.write_text(
        '[h248.names]\n"tcpbcc/mode" = "xtcp/how"\n[h248.numbers]\n"property tcpbcc/mode" = 0x77\n'
    )
    theirs = COMPACT.replace(b"tcpbcc/mode", b"xtcp/how")
    decoded = imsedge("h248", "decode", "--config", str(file), stdin=theirs)
    assert decoded.stdout == imsedge("h248", "decode", stdin=COMPACT).stdout
    words = ("h248", "encode", "--config", str(file), "--encoding")
    assert theirs in imsedge(*words, "compact", stdin=decoded.stdout).stdout
    octets = imsedge(*words, "ber", stdin=decoded.stdout).stdout
    assert b"\x00\x77" in octets
    assert imsedge("h248", "decode", "--config", str(file), stdin=octets).stdout == decoded.stdout


def test_a_file_of_words_that_is_none(imsedge: Imsedge, tmp_path: Path) -> None:
    done = imsedge("h248", "decode", "--config", str(tmp_path / "none.toml"), stdin=COMPACT)
    assert done.returncode == 2
    assert b"none.toml cannot be read" in done.stderr
