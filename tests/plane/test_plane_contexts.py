"""The contexts of a worker: made once, and strict about what does not exist."""

import pytest

from imsedge.bearer.messages import TlsRole
from imsedge.core.errors import LocalError, SettingError
from imsedge.plane.contexts import TlsContexts
from kit.plane_rig import GATEWAY, UE


def test_a_context_is_made_once_a_certificate_and_role() -> None:
    contexts = TlsContexts("3gpp", (GATEWAY, UE))
    server = contexts.find("default", TlsRole.SERVER)
    assert contexts.find("default", TlsRole.SERVER) is server
    assert contexts.find("default", TlsRole.CLIENT) is not server
    assert contexts.find("ue", TlsRole.SERVER) is not server


def test_an_unknown_certificate() -> None:
    contexts = TlsContexts("3gpp", (GATEWAY,))
    assert contexts.knows("default")
    assert not contexts.knows("other")
    with pytest.raises(LocalError, match="other"):
        contexts.find("other", TlsRole.SERVER)


def test_certificates_are_replaced_and_what_stays_keeps_its_context() -> None:
    contexts = TlsContexts("3gpp", (GATEWAY,))
    server = contexts.find("default", TlsRole.SERVER)
    contexts.replace((GATEWAY, UE))
    assert contexts.find("default", TlsRole.SERVER) is server
    assert contexts.knows("ue")
    contexts.replace((UE,))
    assert not contexts.knows("default")
    with pytest.raises(LocalError, match="default"):
        contexts.find("default", TlsRole.SERVER)


def test_an_unknown_profile() -> None:
    with pytest.raises(SettingError):
        TlsContexts("ssl3", ())
