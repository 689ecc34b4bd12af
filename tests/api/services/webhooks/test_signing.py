"""Secrets and signatures, by the example of Standard Webhooks."""

import pytest

from api.redaction import redact
from api.services.webhooks.signing import key_of, new_webhook_secret, signed_headers


def test_the_example_of_the_specification_has_its_signature() -> None:
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_s=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_new_secrets_are_valid_unique_and_redacted() -> None:
    first, second = new_webhook_secret(), new_webhook_secret()
    key = key_of(first)
    assert key is not None
    assert (len(key), key == key_of(second)) == (32, False)
    assert first not in redact(f"secret {first} leaked")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_AAAA",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_é",
        "whsec_" + "A" * 100,
        "whsec_!",
    ],
)
def test_malformed_secrets_are_refused(text: str) -> None:
    assert key_of(text) is None
