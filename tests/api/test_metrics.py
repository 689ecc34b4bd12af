from api.metrics import Metrics


def test_durations_fall_into_cumulative_buckets():
    metrics = Metrics()
    for seconds in (0.0005, 0.02, 0.02, 99.0):
        metrics.observe("GET", 200, seconds)
    lines = metrics.render().splitlines()
    assert 'fasttrack_request_seconds_bucket{le="0.001"} 1' in lines
    assert 'fasttrack_request_seconds_bucket{le="0.025"} 3' in lines
    assert 'fasttrack_request_seconds_bucket{le="10.0"} 3' in lines
    assert 'fasttrack_request_seconds_bucket{le="+Inf"} 4' in lines
    assert "fasttrack_request_seconds_count 4" in lines


def test_what_others_offer_is_read_at_each_scrape():
    metrics, values = Metrics(), [1.5]
    metrics.offer("x_total", "counter", "Things.", lambda: values[0])
    assert "\nx_total 1.5\n" in metrics.render()
    values[0] = 12_345_678
    assert "\nx_total 12345678\n" in metrics.render()


def test_the_exposition_tells_help_and_type_of_each_family_once():
    lines = Metrics().render().splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert Metrics().render().endswith("\n")
