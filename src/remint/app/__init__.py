"""The composition root: settings become adapters, adapters become services, and one facade hands the services out.

Every part is made when it is first used, so that a command loads only what it needs.
"""

from remint.app.facade import App
from remint.app.moving import copy_of, migrations
from remint.app.project import initialise, open_project, put_back

__all__ = ["App", "copy_of", "initialise", "migrations", "open_project", "put_back"]
