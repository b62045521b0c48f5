"""``imsedge h248 packages``: the catalogue of H.248 packages."""

from typing import TYPE_CHECKING, Annotated

import typer

from imsedge.cli.io import user_error, write_output

if TYPE_CHECKING:
    from imsedge.h248.packages.listing import Listed


def packages(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|NUMBER]", help="Show the items of this one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, items included.")] = False,
) -> None:
    """List the H.248 packages with their numbers, or the items of one package.

    Example: `imsedge h248 packages tcpbcc`, `imsedge h248 packages 0x0115`
    """
    import msgspec

    from imsedge.h248.packages.listing import listing

    found = listing()
    if name is not None:
        found = tuple(one for one in found if name.lower() in (one.name.lower(), f"0x{one.number:04x}"))
        if not found:
            raise user_error(
                f"there is no package {name} with items here; `imsedge h248 packages` lists them"
            )
    if as_json:
        write_output(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        return
    for package in found:
        print(_head(package))
        for item in package.items if name is not None else ():
            indent = "    " if item.what == "parameter" else "  "
            words = (item.what, item.name, f"0x{item.number:04x}", item.type, item.notes, f"({item.trust})")
            print(indent + "  ".join(word for word in words if word))


def _head(package: "Listed") -> str:
    base = f", extends {package.extends}" if package.extends else ""
    return (
        f"{package.name:<10} 0x{package.number:04x} v{package.version}  {package.title} "
        f"({package.source}{base}; {len(package.items)} items)"
    )
