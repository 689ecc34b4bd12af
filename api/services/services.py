"""All services of a process, with names and types, in one value."""

from datetime import tzinfo

from msgspec import Struct

from api.services.dashboard import Dashboard
from api.services.events import Events
from api.services.exports.task import ExportTask
from api.services.identity import Identity
from api.services.imports.history import ImportHistory
from api.services.imports.service import Imports
from api.services.open_bodies import OpenBodies
from api.services.people import People
from api.services.personal import Personal
from api.services.presence import Presence
from api.services.readiness import Readiness
from api.services.store import Store
from api.services.tasks import Tasks
from api.services.webhooks.service import Webhooks
from api.settings import Settings
from domain.ports.rate_limit import RateLimiter
from streams.hub import FeedHub


class Services(Struct, frozen=True, kw_only=True):
    """The services of one process. `api.lifetime` opens, runs and closes them.

    Handlers ask the application for it: `api.http.app_services`.
    """

    settings: Settings
    timezone: tzinfo
    store: Store
    events: Events
    imports: Imports
    import_history: ImportHistory
    tasks: Tasks
    exports: ExportTask
    people: People
    bodies: OpenBodies
    personal: Personal
    webhooks: Webhooks
    presence: Presence
    dashboard: Dashboard
    hub: FeedHub[Identity]
    readiness: Readiness
    rate_limiter: RateLimiter
