"""OpenTelemetry traces, sent to a collector: only imported where `FASTTRACK_TRACES` is set."""
