"""Packages as tables: one module each, all of them in ``ALL``.

A newcomer adds a module (copy ``hangterm.py``), its name here, and is done: the codecs, the catalogue
(``imsedge h248 packages``) and the generic tests read ``ALL``.
"""

from imsedge.h248.packages import (
    adid,
    adr,
    chp,
    ds,
    g,
    gb,
    gm,
    hangterm,
    ipdc,
    ipnapt,
    ipra,
    it,
    mgcinfo,
    nt,
    ocp,
    root,
    rtcph,
    rtp,
    seg,
    seplink,
    tcpbcc,
    tcprm,
    tcptv,
    tlsbsc,
    tman,
    tmanr,
)
from imsedge.h248.packages.model import Package

ALL: tuple[Package, ...] = (
    g.PACKAGE,
    root.PACKAGE,
    nt.PACKAGE,
    rtp.PACKAGE,
    gb.PACKAGE,
    chp.PACKAGE,
    it.PACKAGE,
    ocp.PACKAGE,
    ds.PACKAGE,
    gm.PACKAGE,
    tman.PACKAGE,
    hangterm.PACKAGE,
    ipnapt.PACKAGE,
    adid.PACKAGE,
    ipdc.PACKAGE,
    mgcinfo.PACKAGE,
    seg.PACKAGE,
    adr.PACKAGE,
    rtcph.PACKAGE,
    tmanr.PACKAGE,
    ipra.PACKAGE,
    tcpbcc.PACKAGE,
    tcprm.PACKAGE,
    tcptv.PACKAGE,
    tlsbsc.PACKAGE,
    seplink.PACKAGE,
)
