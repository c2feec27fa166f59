"""The route of control."""

from dataclasses import dataclass

from remint.core.control import ModelStatus
from remint.ports.usecases.configuration import Compared
from remint.server.routes import Call, NoBody, NoQuery, Row


@dataclass(frozen=True, slots=True)
class ModelList:
    """Production models, each on both axes, with reasons; and how the settings in force depart from those recorded."""

    models: list[ModelStatus]
    alarms: list[str]


def _control(call: Call[NoQuery, NoBody]) -> ModelList:
    return ModelList(list(call.app.control.models()), list(call.app.configuration.compare().departures))


def _settings(call: Call[NoQuery, NoBody]) -> Compared:
    return call.app.configuration.compare()


ROWS = (
    Row("GET", "/control", "catalog:read", "Show the status of every production model", _control, ModelList),
    Row("GET", "/settings", "catalog:read", "Compare the settings in force with those recorded", _settings, Compared),
)
