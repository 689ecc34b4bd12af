"""Around the routes: problem documents, OpenAPI, metrics, the request log."""
