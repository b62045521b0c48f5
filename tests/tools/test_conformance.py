"""The conformance document: what its rows name exists, and a row without a test says so."""

import conformance as tool

ROW = tool.Row(id="X-1", what="a thing", elements="`gm/saf`", proof=("agw/test_agw_names.py::patterns",))


def _document(*rows: tool.Row) -> tool.Document:
    section = tool.Section(title="T", text="", columns={"id": "id", "what": "what"}, row=rows)
    return tool.Document(head="# Head\n", section=(section,))


def test_every_row_names_what_is_there() -> None:
    assert list(tool.mistakes(tool.read())) == []


def test_what_is_not_there_is_named() -> None:
    rows = (
        ROW,
        ROW,
        tool.Row(id="X-2", what="", elements="`gm/nothing`"),
        tool.Row(id="X-3", what="", proof=("agw/test_agw_names.py::nothing", "no/file.py::patterns")),
    )
    assert list(tool.mistakes(_document(*rows))) == [
        "X-1 stands twice",
        "X-2: no package has gm/nothing",
        "X-3: there is no test tests/agw/test_agw_names.py::test_nothing",
        "X-3: there is no test tests/no/file.py::test_patterns",
    ]


def test_a_row_without_a_test_says_so() -> None:
    page = tool.write(_document(ROW, tool.Row(id="X-2", what="b | c")))
    assert "1 of 2 rows are proved by tests; without one: X-2." in page
    assert "| X-1 | a thing | [patterns](../tests/agw/test_agw_names.py) |" in page
    assert "| X-2 | b \\| c | **no test** |" in page


def test_proofs_are_named_as_pytest_names_them() -> None:
    assert tool.proofs(_document(ROW)) == {"tests/agw/test_agw_names.py::test_patterns"}
