"""The server process: everything that knows uvicorn."""
