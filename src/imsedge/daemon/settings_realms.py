"""The settings table's part about realms: the networks in which a gateway has addresses and ports."""

import re
from ipaddress import ip_address
from itertools import combinations
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from imsedge.daemon.settings_types import IpAddresses, OptionalPath, Section, setting

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}", re.ASCII)
"""What may stand in a termination name (H.248.1 Annex B.2, pathNAME), short enough for all of it."""


class Realm(Section):
    """One network of the gateway: where its terminations there get their addresses and ports."""

    addresses: IpAddresses = setting(
        ("127.0.0.1",),
        "Local addresses of the terminations, IPv4 or IPv6; the first of the wanted family is taken.",
        min_length=1,
    )
    certificate: OptionalPath = setting(
        None, "PEM file with certificate and key for TLS in this realm; the word none: media.certificate."
    )
    key: OptionalPath = setting(None, "PEM file with the key, when it is not in the certificate's file.")
    low_port: int = setting(20_000, "First port, inclusive.", ge=1, le=65_535)
    high_port: int = setting(39_999, "Last port, inclusive.", ge=1, le=65_535)

    @field_validator("addresses")
    @classmethod
    def _of_one_machine(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Peers are told them."""
        for address in map(ip_address, addresses):
            if address.is_unspecified or address.is_multicast:
                raise ValueError(f"{address} is no address that a peer can send to")
        return addresses

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low_port > self.high_port:
            raise ValueError(f"low_port {self.low_port} is above high_port {self.high_port}")
        return self


class Realms(Section):
    """The IP realms (property ``ipdc/realm``): any number, each a table ``[realms.NAME]``.

    ``access`` and ``core`` are always there, on loopback unless the settings say otherwise, since these are
    what a controller asks for by default.
    """

    model_config = ConfigDict(extra="allow")
    named: ClassVar[type[BaseModel] | None] = Realm
    __pydantic_extra__: dict[str, Realm] = Field(init=False)

    access: Realm = setting(Realm(), "Towards the user equipment.")
    core: Realm = setting(Realm(), "Towards the IMS core.")

    @property
    def by_name(self) -> dict[str, Realm]:
        """All of them."""
        return {"access": self.access, "core": self.core, **self.__pydantic_extra__}

    @property
    def addresses(self) -> set[str]:
        """Every address of any realm."""
        return {address for realm in self.by_name.values() for address in realm.addresses}

    @model_validator(mode="after")
    def _named(self) -> Self:
        """A name is compared without case and is a part of the names of terminations."""
        for name in self.__pydantic_extra__:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be the name of a realm: a letter, then at most 31 letters, digits and"
                    " underscores"
                )
        for one, other in combinations(self.by_name, 2):
            if one.lower() == other.lower():
                raise ValueError(f"{one} and {other} are the same name")
        return self

    @model_validator(mode="after")
    def _fit(self) -> Self:
        """Ports belong to an address: realms that share one share all of their ports or none."""
        for (name, one), (other_name, other) in combinations(self.by_name.items(), 2):
            same = (one.low_port, one.high_port) == (other.low_port, other.high_port)
            apart = one.high_port < other.low_port or other.high_port < one.low_port
            if set(one.addresses) & set(other.addresses) and not (same or apart):
                raise ValueError(
                    f"{name} and {other_name} use the same address, so their port ranges must be the same or"
                    " apart"
                )
        return self
