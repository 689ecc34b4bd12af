"""Reads the query of a URL, for the API and the feeds alike."""

from urllib.parse import parse_qsl

from api.http.problems import HttpProblem

MOST_PARAMETERS = 100


def pairs_of(query_string: bytes) -> list[tuple[str, str]]:
    """Return names and values in their order.

    Raises:
        HttpProblem: 400 for what is no text, and for more than `MOST_PARAMETERS`.
    """
    try:
        # As text: of bytes, Python's reader takes only what is ASCII after decoding.
        return parse_qsl(
            query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except UnicodeDecodeError as error:
        raise HttpProblem("invalid-query", "The URL's parameters are not UTF-8.") from error
    except ValueError as error:
        raise HttpProblem("invalid-query", "The URL has too many parameters.") from error
