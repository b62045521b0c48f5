"""Settings from a TOML file and the environment; what is wrong is said in one sentence a setting."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from imsedge.core.errors import SettingError
from imsedge.daemon.settings import AgwSettings, AlgSettings, DaemonSettings

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


def rows(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel], str]]:
    """Each setting of a model as (path, the section's model, field name), tables before their rows."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from rows(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", model, name


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
    if detail["type"] == "extra_forbidden":
        near = ", ".join(_names_beside(model, detail["loc"]))
        return f"{where}: there is no such setting; here are {near}"
    what = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{where}: {what[:1].lower()}{what[1:]}{shown}"


def _names_beside(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    for part in location[:-1]:
        inner = model.model_fields[str(part)].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)
