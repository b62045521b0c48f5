"""What may be said about a border, and what would show one network to the other."""

import pytest
from pydantic import ValidationError

from imsedge.daemon.settings import AlgSettings


@pytest.mark.parametrize("name", ["Via", "v", "call-id", "Contact", "Record-Route"])
def test_what_belongs_to_one_network_cannot_be_let_through_a_border(name: str) -> None:
    with pytest.raises(ValidationError, match="belongs to one network and cannot cross"):
        AlgSettings.model_validate({"border": {"fields": ["Identity", name]}})
