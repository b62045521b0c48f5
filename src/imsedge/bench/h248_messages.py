"""What controller and gateway say to each other around one secured call, for measuring."""

_LOCAL = ":".join(["AA", "BB", "CC", "DD"] * 8)
_REMOTE = ":".join(["4A", "AD", "B9", "B1"] * 8)

_ADD = """MEGACO/2 [10.0.0.9]:2944
Transaction = 102 {
  Context = $ {
    Add = $ {
      Media {
        Stream = 1 {
          LocalControl { Mode = SendReceive, ipdc/realm = "access", tcpbcc/mode = proxy, gm/saf = ON },
          Local {
v=0\r
c=IN IP4 $\r
m=- $ TCP/TLS -\r
a=setup:actpass\r
a=fingerprint:sha-256 $\r
},
          Remote {
v=0\r
c=IN IP4 198.51.100.7\r
m=- 7654 TCP/TLS -\r
a=fingerprint:SHA-256 {REMOTE}\r
}
        }
      },
      Events = 2 { hangterm/thb { timerx = 600 }, tlsbsc/BNCChange, g/cause }
    }
  }
}
"""
_ADD_REPLY = """MEGACO/2 [192.0.2.7]:2944
Reply = 102 {
  Context = 7 {
    Add = ip/access/1 {
      Media {
        Stream = 1 {
          Local {
v=0\r
c=IN IP4 203.0.113.5\r
m=- 30001 TCP/TLS -\r
a=fingerprint:sha-256 {LOCAL}\r
}
        }
      }
    }
  }
}
"""
_MODIFY = """MEGACO/2 [10.0.0.9]:2944
Transaction = 104 {
  Context = 7 {
    Modify = ip/access/1 {
      Media { Stream = 1 { Local {
v=0\r
c=IN IP4 203.0.113.5\r
m=- 30001 TCP/TLS -\r
a=setup:active\r
} } },
      Signals { tlsbsc/EstBNC { Stream = 1 } }
    }
  }
}
"""
_NOTIFY = """MEGACO/2 [192.0.2.7]:2944
Transaction = 9 {
  Context = 7 {
    Notify = ip/access/1 {
      ObservedEvents = 2 {
        20261121T02250000:tlsbsc/BNCChange { Stream = 1, Type = Mfail }
      }
    }
  }
}
"""
MESSAGES: tuple[bytes, ...] = tuple(
    text.replace("{LOCAL}", _LOCAL).replace("{REMOTE}", _REMOTE).encode()
    for text in (
        _ADD,
        _ADD_REPLY,
        _MODIFY,
        "!/2 [192.0.2.7]:2944 P=104{C=7{MF=ip/access/1}}",
        _NOTIFY,
        "!/2 [10.0.0.9]:2944 P=9{C=7{N=ip/access/1}}",
        "!/2 [10.0.0.9]:2944 T=105{C=-{AV=ROOT{AT{}}}}",
        "!/2 [192.0.2.7]:2944 P=105{C=-{AV=ROOT}}",
        "!/2 [10.0.0.9]:2944 T=106{C=7{W-S=*{AT{SA}}}}",
        "!/2 [192.0.2.7]:2944 P=106{C=7{S=ip/access/1{SA{nt/dur=10500,nt/os=77123,nt/or=19456}}}}",
    )
)

PAIRS: tuple[tuple[bytes, bytes], ...] = tuple((MESSAGES[n], MESSAGES[n + 1]) for n in (0, 2, 6, 8))
"""Requests to a gateway with their replies."""
