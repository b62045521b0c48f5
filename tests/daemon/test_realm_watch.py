"""Whether the addresses of the realms are on this machine."""

from imsedge.daemon.realm_watch import RealmWatch, has_address
from imsedge.daemon.settings_realms import Realm
from kit.daemons import until

HERE, ELSEWHERE = Realm(addresses=("192.0.2.77", "127.0.0.1")), Realm(addresses=("192.0.2.77",))


def test_addresses_of_this_machine_and_of_others() -> None:
    assert has_address("127.0.0.1")
    assert not has_address("192.0.2.77")
    assert not has_address("2001:db8::77")


async def test_what_is_missing_is_told_at_once_and_when_it_changes() -> None:
    told: list[frozenset[str]] = []
    realms = {"one": HERE, "two": ELSEWHERE}
    watch = RealmWatch(realms, 0.01, told.append)
    watch.start()
    assert told == [frozenset({"two"})]
    realms["two"] = HERE
    await until(lambda: len(told) == 2)
    assert told[1] == frozenset()
    watch.stop()
    watch.stop()


def test_it_can_be_switched_off() -> None:
    RealmWatch({"one": ELSEWHERE}, 0, lambda _: None).start()  # no loop is needed
