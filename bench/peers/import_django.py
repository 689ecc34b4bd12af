"""django-import-export with bulk inserts, as its documentation advises for big files."""

import sys
from pathlib import Path

import django
from django.conf import settings
from measured import report

settings.configure(
    INSTALLED_APPS=["import_export"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[2]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    IMPORT_EXPORT_USE_TRANSACTIONS=True,
    USE_TZ=False,
)
django.setup()

import tablib  # noqa: E402  Django's models exist only after its set-up.
from django.db import connection, models  # noqa: E402
from import_export import fields, resources, widgets  # noqa: E402


class Event(models.Model):  # noqa: DJ008 - nobody shows one.
    title = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    event_date = models.DateTimeField()
    city = models.CharField(max_length=100)
    participants = models.TextField(blank=True)
    local_info = models.JSONField(null=True)

    class Meta:
        app_label = "bench"


class EventResource(resources.ModelResource):
    event_date = fields.Field("event_date", "event_date", widgets.DateTimeWidget("%Y-%m-%dT%H:%M:%S"))

    class Meta:
        model = Event
        use_bulk = True
        batch_size = 1000
        force_init_instance = True
        skip_diff = True
        report_skipped = False
        import_id_fields = ()
        fields = ("title", "description", "event_date", "city", "participants", "local_info")


def load(file: Path, _database: Path) -> int:
    with connection.schema_editor() as editor:
        editor.create_model(Event)
    with file.open(encoding="utf-8", newline="") as lines:
        dataset = tablib.Dataset().load(lines, format="csv")
    result = EventResource().import_data(dataset, raise_errors=True)
    return int(result.totals["new"])


report(load)
