"""Settings from a TOML file and the environment; what is wrong is said in one sentence a setting."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.daemon.settings import AgwSettings, AlgSettings, DaemonSettings
from imsedge.daemon.settings_types import named_tables, unit_of

S = TypeVar("S", bound=DaemonSettings)

# Tables that only one of the two daemons has: how a file says whose it is.
_OWN_TABLES = {name: model for model in (AgwSettings, AlgSettings) for name in model.model_fields}
_SHARED = AgwSettings.model_fields.keys() & AlgSettings.model_fields.keys()


def load_settings(model: type[S], path: Path | None = None) -> S:
    """The settings of ``path`` (``None``: the defaults), overridden by the environment.

    Raises ``SettingError`` with one line for each setting that cannot be.
    """
    values = read_toml(path) if path is not None else {}
    try:
        return model(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingError("\n".join(_sentences(model, error.errors()))) from None
    except SettingsError as error:
        raise SettingError(f"the environment cannot be read: {error}") from None
    except UnicodeEncodeError as error:  # octets of the environment, which pydantic cannot repeat
        raise SettingError(f"the environment has octets that are no UTF-8: {error.object!a}") from None


def read_toml(path: Path) -> dict[str, object]:
    """The file as a dictionary; ``SettingError`` says why not."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not TOML: {error}") from None


def model_of(values: Mapping[str, object]) -> type[DaemonSettings]:
    """Whose file it is, told by its tables; ``SettingError`` when nothing tells."""
    owners = {_OWN_TABLES[name] for name in values if name in _OWN_TABLES and name not in _SHARED}
    if len(owners) == 1:
        return owners.pop()
    told = "tables of both daemons" if owners else "no table that only one of them has"
    raise SettingError(f"the file has {told}; say --daemon agw or --daemon alg")


def explain(settings: BaseModel, path: str = "") -> Iterator[str]:
    """One line for each setting in force, with its unit and meaning, as TOML."""
    fields = type(settings).model_fields
    tables = [name for name in fields if isinstance(getattr(settings, name), BaseModel)]
    if path and len(tables) < len(fields):
        yield f"[{path}]"
    extra = settings.model_extra or {}
    for name, field in fields.items():
        if name not in tables:
            unit = f" {unit_of(field)}" if unit_of(field) else ""
            yield f"{name} = {to_toml(getattr(settings, name))}  #{unit} {field.description}".replace(
                "#  ", "# "
            )
    for name in (*tables, *extra):
        yield from explain(getattr(settings, name), f"{path}.{name}".lstrip("."))


def to_toml(value: object) -> str:
    """A value as it stands in a file."""
    match value:
        case Enum():
            return json.dumps(value.value)
        case bool() | int() | float():
            return json.dumps(value)
        case TransportAddress():
            return json.dumps(str(value))
        case tuple():
            return f"[{', '.join(to_toml(item) for item in value)}]"
        case dict():
            items = (f"{json.dumps(str(key))} = {to_toml(item)}" for key, item in value.items())
            return f"{{ {', '.join(items)} }}" if value else "{}"
        case None:
            return '"none"'
    return json.dumps(str(value))


def _sentences(model: type[DaemonSettings], details: list[ErrorDetails]) -> list[str]:
    """One for each setting: a list that is too short because its items were bad is not said twice."""
    inside = {location[:-1] for detail in details if (location := detail["loc"])}
    return [
        _sentence(model, detail)
        for detail in details
        if detail["type"] != "too_short" or detail["loc"] not in inside
    ]


def _sentence(model: type[DaemonSettings], detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if not where:  # of the settings as a whole: the sentence names those that do not fit together
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = ", ".join(_names_beside(model, detail["loc"]))
        return f"{where}: there is no such setting; here are {near}"
    what = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{where}: {what[:1].lower()}{what[1:]}{shown}"


def _names_beside(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field is not None else named_tables(model)
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)
