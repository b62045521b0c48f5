"""Write ``docs/settings.md`` from the table in ``imsedge.daemon.settings``, or check that it is current."""

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from imsedge.daemon.settings import AgwSettings, AlgSettings, DaemonSettings
from imsedge.daemon.settings_types import named_tables, unit_of

TARGET = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

HEAD = """\
# Settings

Written by `tools/settings_doc.py` from the table in `src/imsedge/daemon/settings*.py`; do not edit.

One TOML file a daemon (`imsedge agw --config agw.toml`). A dotted name is a key in a table:
`h248.timers.give_up = 25` stands as `give_up = 25` under `[h248.timers]`. The environment overrides the
file: `IMSEDGE_AGW__H248__TIMERS__GIVE_UP=25`; lists are written with commas. `imsedge check-config FILE` says
what is wrong and what is in force.
"""


def document() -> str:
    parts = [HEAD]
    for title, model in (("Gateway", AgwSettings), ("Controller", AlgSettings)):
        parts.append(f"\n## {title}: `imsedge {title_word(model)}`\n")
        parts.extend(sections(model))
    return "\n".join(parts)


def title_word(model: type[DaemonSettings]) -> str:
    return str(model.model_config.get("env_prefix", "")).strip("_").rpartition("_")[2].lower()


def sections(
    model: type[BaseModel], path: str = "", meaning: str = "", defaults: BaseModel | None = None
) -> Iterator[str]:
    """A heading and a table for each section that has rows of its own, then its inner sections.

    ``defaults``: what the section starts from, which need not be its model's (``realms.core``).
    """
    start = defaults or model()
    rows = [
        row(name, field, getattr(start, name))
        for name, field in model.model_fields.items()
        if inner(field) is None
    ]
    if rows:
        head = "| setting | default | unit | meaning | check |\n|---|---|---|---|---|\n"
        title = f"`[{path}]`\n\n{meaning}" if path else "Above all tables"
        yield f"### {title}\n\n{head}{''.join(rows)}"
    for name, field in model.model_fields.items():
        deeper = inner(field)
        if deeper is not None:
            yield from sections(
                deeper, f"{path}.{name}".lstrip("."), field.description or "", getattr(start, name)
            )
    if (named := named_tables(model)) is not None:
        yield from sections(named, f"{path}.NAME", f"Any number more. {(named.__doc__ or '').strip()}")


def inner(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def row(name: str, field: FieldInfo, default: object) -> str:
    return f"| `{name}` | {show(default)} | {unit_of(field)} | {field.description} | {check(field)} |\n"


def show(value: object) -> str:
    match value:
        case None:
            return "none"
        case Enum():
            return f"`{value.value}`"
        case bool():
            return f"`{str(value).lower()}`"
        case "" | ():
            return "empty"
        case dict() if not value:
            return "empty"
        case tuple() if not hasattr(value, "_fields"):
            return ", ".join(show(item) for item in value)
    return f"`{value}`"


def check(field: FieldInfo) -> str:
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    signs = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}
    said = [
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for cls, (sign, name) in signs.items()
        if isinstance(rule, cls)
    ]
    said += ["at least one" for rule in field.metadata if isinstance(rule, MinLen)]
    return ", ".join(said)


def main() -> int:
    text = document()
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text() == text:
            return 0
        print("docs/settings.md is not what the table says; run tools/settings_doc.py")
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
