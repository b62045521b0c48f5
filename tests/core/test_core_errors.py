"""An error says whose fault it is, what to answer and where it was."""

from imsedge.core.errors import ImsedgeError, LocalError, RemoteError


def test_a_remote_error_reads_as_code_reason_and_place() -> None:
    error = RemoteError(422, "Syntax error in action", ("Transaction=7", "Context=$"), 31)
    assert str(error) == "422 Syntax error in action in Transaction=7 / Context=$ at octet 31"
    assert str(RemoteError(400, "Bad")) == "400 Bad"


def test_local_and_remote_faults_are_different_types() -> None:
    assert issubclass(LocalError, ImsedgeError)
    assert not issubclass(LocalError, RemoteError)
