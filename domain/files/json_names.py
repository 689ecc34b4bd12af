"""Names under which JSON documents keep their events: those of arrays, and of the objects around them."""

ARRAY_NAMES = ("items", "events", "eventos")
"""Under one of these names an object may hold the array; of arrays that do not read as events, one of them
counts first."""

OTHER_ARRAY_NAMES = ("data", "results", "records", "value", "rows", "@graph")
"""Likewise, where the object is not an event itself. Sources: Facebook's Graph API, Django REST framework,
Airtable, OData 4, JSON-LD."""

COMMON_ARRAY_NAMES = ("features", "edges", "nodes", "hits", "docs", "content", "objects")
"""Likewise, where moreover the first of the array is an event, or holds one: events have such arrays, too.
Sources: GeoJSON and ArcGIS, GraphQL, Elasticsearch and Algolia, Solr, Spring Data, Tastypie."""

HOLDER_NAMES = (
    "_embedded",
    "data",
    "response",
    "result",
    "d",
    "hits",
    "events",
    "eventos",
    "__collections__",
)
"""Under one of these names an object may hold the object with the array. Sources: HAL (Ticketmaster),
GraphQL, OData 2, Solr, Elasticsearch, exports of Firestore."""

NULL_NAMES = (*ARRAY_NAMES, *OTHER_ARRAY_NAMES)
"""A null under one of these names is an array that is not there."""

KNOWN_NAMES = frozenset((*NULL_NAMES, *COMMON_ARRAY_NAMES))
"""All names of arrays."""

TABLE_NAMES = KNOWN_NAMES.union(("values",))
"""An array of lists under one of these names is a table. Sources: Google Sheets, pandas."""

SAY_NOTHING = KNOWN_NAMES.union(HOLDER_NAMES, ("list", "lista", "elements", "entries", "nodes", "all"))
"""Names that do not tell what is under them: the one around them does."""

NAMES_OF_ONE = (("events",), ("eventos",))
"""A single event in an object of one of these names is what the document is about."""

VERSIONS = frozenset({"before", "after", "old", "new", "previous", "current"})
"""Names of one event at two times: they are no ids. Sources: Debezium, webhooks of Stripe and Directus."""
