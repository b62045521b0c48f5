"""``imsedge run | agw | alg | check-config``: the daemons and their settings."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="TOML file; without it, the defaults.")
]


class DaemonName(Enum):
    """Whose settings a file holds."""

    AGW = "agw"
    ALG = "alg"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, agw, alg, check_config):
        app.command(rich_help_panel="Daemons")(command)


def agw(config: Config = None) -> None:
    """Run the gateway (IMS-AGW, an H.248 media gateway) until Ctrl-C.

    Example: `imsedge agw --config /etc/imsedge/agw.toml`
    """
    from imsedge.daemon.service import serve
    from imsedge.daemon.settings import AgwSettings
    from imsedge.daemon.settings_file import load_settings

    serve(load_settings(AgwSettings, config))


def alg(config: Config = None) -> None:
    """Run the controller (IMS-ALG, a P-CSCF and H.248 media gateway controller) until Ctrl-C.

    Example: `imsedge alg --config /etc/imsedge/alg.toml`
    """
    from imsedge.daemon.service import serve
    from imsedge.daemon.settings import AlgSettings
    from imsedge.daemon.settings_file import load_settings

    serve(load_settings(AlgSettings, config))


def run(
    agw_config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings of the gateway.")] = None,
    alg_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings of the controller.")
    ] = None,
    call: Annotated[bool, typer.Option(help="Place the demonstration call.")] = True,
) -> None:
    """Run gateway, controller and status endpoints, place one demonstration call, stay up until Ctrl-C.

    Example: `imsedge run`, then in another terminal `imsedge status`
    """
    from imsedge.cli.demonstration import run_all

    run_all(agw_config, alg_config, call=call)


def check_config(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A TOML file of the gateway or the controller.")
    ],
    daemon: Annotated[
        DaemonName | None, typer.Option(help="Whose file it is, when its tables do not tell.")
    ] = None,
) -> None:
    """Say what is wrong with a settings file, or what will be in force.

    Example: `imsedge check-config agw.toml`
    """
    from imsedge.daemon.settings import AgwSettings, AlgSettings, DaemonSettings
    from imsedge.daemon.settings_file import explain, load_settings, model_of, read_toml

    models: dict[DaemonName, type[DaemonSettings]] = {
        DaemonName.AGW: AgwSettings,
        DaemonName.ALG: AlgSettings,
    }
    model = models[daemon] if daemon is not None else model_of(read_toml(file))
    for line in explain(load_settings(model, file)):
        print(line)
