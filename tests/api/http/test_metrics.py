"""What a scrape says: of one process, and of several whose counts are added up."""

import multiprocessing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http.metrics import Metrics, SharedCounts


def scraped(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample by its name and labels."""
    metrics.refresh()
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return scraped(metrics).get((name, tuple(sorted(labels.items()))))


def test_durations_fall_into_cumulative_buckets():
    metrics = Metrics()
    for seconds in (0.0005, 0.02, 0.02, 99.0):
        metrics.observe("GET", "/x", 200, seconds)
    bounds = ("0.001", "0.025", "10.0", "+Inf")
    bucket, count = "fasttrack_request_seconds_bucket", "fasttrack_request_seconds_count"
    found = {bound: value(metrics, bucket, le=bound, route="/x") for bound in bounds}
    assert found == {"0.001": 1, "0.025": 3, "10.0": 3, "+Inf": 4}
    assert value(metrics, count, route="/x") == 4


def test_requests_are_counted_by_method_route_and_status():
    metrics = Metrics()
    metrics.observe("GET", "/x/{id}", 200, 0.1)
    metrics.observe("GET", "/x/{id}", 200, 0.1)
    metrics.observe("PUT", "/x/{id}", 404, 0.1)
    requests = "fasttrack_requests_total"
    assert value(metrics, requests, method="GET", route="/x/{id}", status="200") == 2
    assert value(metrics, requests, method="PUT", route="/x/{id}", status="404") == 1


def test_offered_values_are_read_at_each_scrape():
    metrics, values = Metrics(), [1.5]
    metrics.offer("x_total", "counter", "Things.", lambda: values[0])
    assert value(metrics, "x_total") == 1.5
    values[0] = 12_345_678
    assert value(metrics, "x_total") == 12_345_678


def test_a_labelled_gauge_falls_to_0_when_its_source_omits_the_label():
    metrics, values = Metrics(), {"sse": 2.0}
    metrics.offer("x", "gauge", "Things.", lambda: values, label="transport")
    assert value(metrics, "x", transport="sse") == 2
    values.clear()
    assert value(metrics, "x", transport="sse") == 0


def test_the_exposition_has_help_and_type_of_each_family_once():
    lines = Metrics().render().decode().splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert not [name for name in types if name.endswith("_created")]
    assert Metrics().render().endswith(b"\n")


def test_the_exposition_has_the_version_and_process_metrics():
    found = {name for name, _ in scraped(Metrics())}
    assert found >= {
        "fasttrack_build_info",
        "fasttrack_workers",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_start_time_seconds",
    }


def work(shared: SharedCounts, requests: int, streams: float, answer) -> None:
    """Count in a process of its own, scrape, and end without a word, as one that is killed does."""
    metrics = Metrics(shared)
    metrics.offer("x_total", "counter", "Things.", lambda: float(requests))
    metrics.offer("streams", "gauge", "Streams.", lambda: {"sse": streams}, label="transport")
    metrics.offer("people", "gauge", "People.", lambda: streams, merge="livemax")
    for _ in range(requests):
        metrics.observe("GET", "/x", 200, 0.02)
    answer.send(scraped(metrics))
    answer.recv()


@pytest.fixture
def worker(tmp_path: Path):
    """Return how to start a process that counts in this test's folder, and to end it."""
    spawning = multiprocessing.get_context("spawn")
    started = []

    def start(place: int, requests: int, streams: float):
        ours, theirs = spawning.Pipe()
        shared = SharedCounts(tmp_path, place)
        process = spawning.Process(target=work, args=(shared, requests, streams, theirs))
        process.start()
        started.append(process)
        return ours.recv(), process, ours

    yield start
    for process in started:
        if process.is_alive():
            process.kill()
        process.join()


REQUESTS = ("fasttrack_requests_total", (("method", "GET"), ("route", "/x"), ("status", "200")))
STREAMS = ("streams", (("transport", "sse"),))


def test_any_scraped_process_reports_the_metrics_of_all(worker):
    first, _, keep = worker(0, 3, 5.0)
    assert (first[REQUESTS], first["x_total", ()], first[STREAMS]) == (3, 3, 5)
    second, _, _keep = worker(1, 4, 2.0)
    assert (second[REQUESTS], second["x_total", ()], second[STREAMS]) == (7, 7, 7)
    assert second["people", ()] == 5
    assert second["fasttrack_workers", ()] == 2
    assert second["fasttrack_request_seconds_bucket", (("le", "0.025"), ("route", "/x"))] == 7
    workers = {labels for name, labels in second if name == "fasttrack_worker_resident_memory_bytes"}
    assert workers == {(("worker", "0"),), (("worker", "1"),)}
    assert keep


def test_a_killed_process_keeps_its_counters_and_loses_its_gauges(worker, tmp_path):
    _, dead, _pipe = worker(0, 3, 5.0)
    dead.kill()
    dead.join()
    SharedCounts(tmp_path, 0).forget_gauges()
    other, _, _other = worker(1, 1, 1.0)
    assert (other[REQUESTS], other[STREAMS], other["fasttrack_workers", ()]) == (4, 1, 1)
    again, _, _again = worker(0, 2, 1.0)
    assert (again[REQUESTS], again["x_total", ()], again[STREAMS]) == (6, 6, 2)


def test_the_number_of_metric_files_does_not_grow_with_dead_processes(worker, tmp_path):
    for _ in range(3):
        _, process, _pipe = worker(0, 1, 1.0)
        process.kill()
        process.join()
    assert len([*tmp_path.glob("counter_*")]) == 1
