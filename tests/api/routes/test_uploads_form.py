from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.routes.uploads_form import (
    FIELD_LIMIT_BYTES,
    PREAMBLE_LIMIT_BYTES,
    FileForm,
    FormError,
    clean_filename,
)

TYPE = "multipart/form-data; boundary=xYz"


def part(name, content, *, filename=None, headers=()):
    named = f'; filename="{filename}"' if filename is not None else ""
    head = [f'Content-Disposition: form-data; name="{name}"{named}', *headers]
    return b"--xYz\r\n" + "\r\n".join(head).encode() + b"\r\n\r\n" + content + b"\r\n"


def body(*parts):
    return b"".join(parts) + b"--xYz--\r\n"


def receive(form, pieces):
    got = b"".join(form.receive(piece) for piece in pieces)
    form.finish()
    return got


def cut(whole, places):
    edges = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[start:end] for start, end in pairwise(edges)]


@given(
    content=st.lists(
        st.sampled_from([b"\r", b"\n", b"-", b"--xYz", b"\r\n--xY", b"\r\n--xYz", b"a", b"\x00\xff"])
        | st.binary(max_size=40),
        max_size=12,
    ).map(b"".join),
    places=st.lists(st.integers(0, 10_000), max_size=30),
)
def test_the_file_does_not_depend_on_chunk_boundaries(content, places):
    if b"\r\n--xYz" in b"\r\n" + content:
        return  # RFC 2046 §5.1.1: no client may choose a boundary that its content holds.
    whole = body(part("mode", b"atomic"), part("file", content, filename="a.csv"))
    form = FileForm(TYPE)
    assert receive(form, cut(whole, places)) == content
    assert (form.fields, form.filename, form.ended) == ([("mode", "atomic")], "a.csv", True)


@given(st.integers(0, 3000), st.lists(st.integers(0, 3000), max_size=5))
def test_the_size_of_the_file_follows_from_the_length_of_the_body(size, places):
    whole = body(part("mode", b"atomic"), part("file", b"x" * size, filename="a.csv"))
    form = FileForm(TYPE)
    receive(form, cut(whole, places))
    assert form.file_bytes(len(whole)) == (size or None)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_any_bytes_are_read_or_refused(garbage, places):
    form = FileForm(TYPE)
    with suppress(FormError):
        assert len(receive(form, cut(b"--xYz\r\n" + garbage, places))) <= len(garbage)


PREAMBLES = [
    b"",
    b"\r\n",
    b"\n",
    b"This is a message in MIME format.\r\n",
    b"--\r\n--xY\r\n--xYzz\r\n --xYz\r\n",
    b"-" * (PREAMBLE_LIMIT_BYTES - 20) + b"\r\n",
]
"""Source: RFC 2046 §5.1.1."""


@given(
    preamble=st.sampled_from(PREAMBLES),
    blanks=st.lists(st.sampled_from([b"", b" ", b"\t", b" \t "]), min_size=3, max_size=3),
    epilogue=st.sampled_from([b"", b"\r\n", b" \r\nthe end"]),
    places=st.lists(st.integers(0, 10_000), max_size=30),
)
def test_what_stands_around_the_parts_is_no_part_of_them(preamble, blanks, epilogue, places):
    first, second = part("mode", b"atomic"), part("file", b"row 1\n", filename="a.csv")
    line = b"--xYz\r\n"
    first, second = (
        each.replace(line, line[:-2] + blank + b"\r\n")
        for each, blank in zip((first, second), blanks[:2], strict=True)
    )
    whole = preamble + first + second + b"--xYz--" + blanks[2] + epilogue
    form = FileForm(TYPE)
    assert receive(form, cut(whole, places)) == b"row 1\n"
    assert (form.fields, form.filename, form.ended) == ([("mode", "atomic")], "a.csv", True)
    assert form.file_start == whole.index(b"row 1")


MALFORMED = [
    (b"hello", "no line --xYz"),
    (b"--other\r\n", "no line --xYz"),
    (b"x--xYz\r\n\r\n", "no line --xYz"),
    (b"--xYz\nContent-Disposition: form-data\n\nx\n--xYz--\n", "no line --xYz"),
    (b"x" * PREAMBLE_LIMIT_BYTES + b"\r\n" + body(part("file", b"x", filename="a")), "no line --xYz"),
    (b"--xYz\r\nno header\r\n\r\nx\r\n--xYz--", "header lines"),
    (b"--xYz\r\n: x\r\n\r\nx\r\n--xYz--", "header lines"),
    (b"--xYz\r\nA: x\rB: y\r\n\r\nx\r\n--xYz--", "header lines"),
    (body(part("file", b"x", headers=[f"X-{n}: x" for n in range(9)])), "header lines"),
    (body(part("file", b"x", headers=["X: " + "x" * 5000])), "header lines"),
    (part("mode", b"x") + b"--xYz  x\r\n", "header lines"),
]


@pytest.mark.parametrize("size", [1, 1_000_000])
@pytest.mark.parametrize(("whole", "told"), MALFORMED)
def test_what_is_malformed_is_told_in_own_words(whole, told, size):
    with pytest.raises(FormError) as refused:
        receive(FileForm(TYPE), [whole[at : at + size] for at in range(0, len(whole), size)])
    assert refused.value.code == "malformed_multipart"
    assert told in str(refused.value)
    assert "index" not in str(refused.value)


def test_file_bytes_are_available_before_the_body_ends():
    form = FileForm(TYPE)
    begun = body(part("file", b"title,city\nrow 1", filename="a.csv")).removesuffix(b"\r\n--xYz--\r\n")
    assert form.receive(begun) == b"title,city\nrow 1"
    assert not form.file_ended


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        (None, "not_multipart"),
        ("text/csv", "not_multipart"),
        ("multipart/mixed; boundary=x", "not_multipart"),
        ("multipart/form-data", "malformed_multipart"),
        ("multipart/form-data; boundary=", "malformed_multipart"),
        (f"multipart/form-data; boundary={'x' * 71}", "malformed_multipart"),
    ],
)
def test_a_content_type_other_than_multipart_is_refused(content_type, code):
    with pytest.raises(FormError) as refused:
        FileForm(content_type)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("whole", "code"),
    [
        (body(), "no_file"),
        (body(part("mode", b"x")), "no_file"),
        (body(part("data", b"x", filename="a.csv")), "no_file"),
        (body(part("file", b"1", filename="a"), part("file", b"2", filename="b")), "two_files"),
        (body(part("mode", b"x" * (FIELD_LIMIT_BYTES + 1))), "field_too_long"),
        (b"hello", "malformed_multipart"),
        (body(part("file", b"x", headers=["X-Long: " + "x" * 9000])), "malformed_multipart"),
        (body(part("file", b"x", headers=["Content-Transfer-Encoding: base64"])), "malformed_multipart"),
        (body(*[part(f"f{n}", b"") for n in range(40)]), "malformed_multipart"),
        (b"--xYz\r\nContent-Disposition: attachment\r\n\r\nx\r\n--xYz--\r\n", "malformed_multipart"),
    ],
)
def test_a_body_that_is_not_a_form_is_refused(whole, code):
    with pytest.raises(FormError) as refused:
        receive(FileForm(TYPE), [whole])
    assert refused.value.code == code


def test_fields_come_before_and_after_the_file_and_may_repeat():
    form = FileForm(TYPE)
    parts = [part("mode", b"partial"), part("file", b"x", filename="a"), part("mode", b"atomic")]
    receive(form, [body(*parts)])
    assert form.fields == [("mode", "partial"), ("mode", "atomic")]


@pytest.mark.parametrize("name", ["mapping", "values", "mode", "upload_id"])
@pytest.mark.parametrize("filename", ["blob", "", "options.json"])
def test_an_option_that_was_sent_as_a_blob_is_an_option(name, filename):
    option = part(name, b'{"title":"Nome"}', filename=filename, headers=["Content-Type: application/json"])
    for parts in (
        [option, part("file", b"x", filename="a.csv")],
        [part("file", b"x", filename="a.csv"), option],
    ):
        form = FileForm(TYPE)
        assert receive(form, [body(*parts)]) == b"x"
        assert (form.fields, form.filename) == ([(name, '{"title":"Nome"}')], "a.csv")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ('filename="a.csv"', "a.csv"),
        ("filename=a.csv", "a.csv"),
        ('filename=""', ""),
        ('filename="a%22b%22.csv"', 'a"b".csv'),
        ('filename="100%.csv"', "100%.csv"),
        ('filename="a%2Fb%20c.csv"', "a%2Fb%20c.csv"),
        ("filename*=utf-8''a%C3%A7%C3%A3o.csv", "ação.csv"),
        ("filename*=UTF-8'pt-BR'a%C3%A7%C3%A3o.csv", "ação.csv"),
        ("filename*=iso-8859-1''a%E7%E3o.csv", "ação.csv"),
        ("filename*=utf-8''..%2F..%2Fa%00.csv", "a.csv"),
        ("filename=\"acao.csv\"; filename*=utf-8''a%C3%A7%C3%A3o.csv", "ação.csv"),
        ("filename*=utf-8''a%C3%A7%C3%A3o.csv; filename=\"acao.csv\"", "ação.csv"),
        ("filename=\"acao.csv\"; filename*=utf-8''a%E7%E3o.csv", "acao.csv"),
        ("filename=\"acao.csv\"; filename*=utf-16''a.csv", "acao.csv"),
        ("filename=\"acao.csv\"; filename*=utf-8''", "acao.csv"),
        ("filename=\"acao.csv\"; filename*=utf-8''a%C3%A", "acao.csv"),
        ('filename="acao.csv"; filename*="a.csv"', "acao.csv"),
        ("filename=\"x; filename*=utf-8''y.csv\"", "x; filename*=utf-8''y.csv"),
        ("filename*=broken", ""),
    ],
)
def test_the_name_of_the_file_is_read_in_each_form(sent, shown):
    head = f'--xYz\r\nContent-Disposition: form-data; name="file"; {sent}\r\n\r\nx\r\n'.encode()
    form = FileForm(TYPE)
    assert receive(form, [head + b"--xYz--\r\n"]) == b"x"
    assert form.filename == shown


@pytest.mark.parametrize("sent", ['filename="a.csv"', "filename*=utf-8''a.csv"])
def test_a_file_of_another_name_is_named(sent):
    head = f'--xYz\r\nContent-Disposition: form-data; name="data"; {sent}\r\n\r\nx\r\n'.encode()
    with pytest.raises(FormError, match="the file came as the part 'data'"):
        receive(FileForm(TYPE), [head + b"--xYz--\r\n"])


def test_a_form_without_its_closing_boundary_is_incomplete():
    form = FileForm(TYPE)
    receive(form, [body(part("file", b"x", filename="a")).removesuffix(b"--\r\n"), b"\r\n"])
    assert (form.file_ended, form.ended) == (True, False)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"../../etc/passwd", "passwd"),
        (b"C:\\Users\\ana\\eventos.csv", "eventos.csv"),
        ("agenda çã.csv".encode(), "agenda çã.csv"),
        (b"a\x00b\r\nc.csv", "abc.csv"),
        ("gpj\u202evsc.csv".encode(), "gpjvsc.csv"),
        (b"\xff\xfe.csv", "\ufffd\ufffd.csv"),
        (b"x" * 999, "x" * 255),
        (b"..", ".."),
        (b"", ""),
    ],
)
def test_a_hostile_filename_becomes_plain_text(raw, shown):
    assert clean_filename(raw) == shown
