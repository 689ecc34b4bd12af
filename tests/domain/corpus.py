"""Hostile files, and what must become of each.

Rows are told in short: ``3 Title`` for a good row that starts on line 3, ``4 title:required`` for a
rejected one, with every error.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

HEADER = "title,description,event_date,city,participants,local_info"
DATE = "2025-07-01T10:00:00"
VENUE = '{"location_name": "Teatro", "capacity": 300}'
RFC_VENUE = VENUE.replace('"', '""')
BACKSLASH_VENUE = VENUE.replace('"', '\\"')


class Case(NamedTuple):
    content: bytes
    rows: Sequence[str] = ()
    fault: str | None = None
    options: Mapping[str, Any] = MappingProxyType({})
    warnings: Mapping[str, int] = MappingProxyType({})
    dialect: Mapping[str, str] = MappingProxyType({})


def row(title: str, rest: str = "") -> str:
    return f"{title},d,{DATE},Recife,{rest or ','}"


def file(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *lines)).encode()


def deep(depth: int) -> str:
    return '{""location_name"": ""ab"", ""x"": ' + "[" * depth + "]" * depth + "}"


CASES: dict[str, Case] = {
    # Quotes.
    "RFC 4180 quotes": Case(file(row("A", f'Ana;Bo,"{RFC_VENUE}"')), ["2 A"]),
    "backslash quotes": Case(file(row("A", f'Ana;Bo,"{BACKSLASH_VENUE}"')), ["2 A"]),
    "both quotings in one file": Case(
        file(row("A", f',"{RFC_VENUE}"'), row("B", f',"{BACKSLASH_VENUE}"'), row("C", f',"{RFC_VENUE}"')),
        ["2 A", "3 B", "4 C"],
    ),
    "backslash JSON over several lines": Case(
        file(row("A", ',"{\\"location_name\\":\n\\"Teatro\\"}"'), row("B")), ["2 A", "4 B"]
    ),
    "a backslash in a record that reads rightly stays": Case(
        file(f'"C:\\dir\\",d,{DATE},Recife,,"{RFC_VENUE}"'), ["2 C:\\dir\\"]
    ),
    "JSON escapes in RFC quotes stay": Case(file(row("A", ',"{""location_name"": ""a\\""b""}"')), ["2 A"]),
    "a quote in a bare cell is literal": Case(file(row('5" disc')), ['2 5" disc']),
    "text after a closing quote": Case(file(f'"A" b,d,{DATE},R,,', row("B")), ["2 :malformed_quote", "3 B"]),
    "blanks before a quote": Case(file(f'A, "x, y",{DATE},R,,'), ["2 A"]),
    "blanks behind a quote": Case(file(f'"A"  ,d,{DATE},R,,'), ["2 A"]),
    "a quote that never closes": Case(
        file(f'A,"d,{DATE},R,,', row("B"), row("C")), ["2 :unclosed_quote", "3 B", "4 C"]
    ),
    "a quote that the next row's quotes seem to close": Case(
        file(f'A,"d,{DATE},R,,', row("B", f',"{RFC_VENUE}"'), row("C", f',"{RFC_VENUE}"')),
        ["2 :unclosed_quote", "3 B", "4 C"],
    ),
    "a quote that opens on a later line of its record": Case(
        file(f'A,"two\nlines",{DATE},"R,,', row("B")), ["3 :unclosed_quote", "4 B"]
    ),
    "a quote that is open at the end": Case(
        file(row("A"), 'B,"never', end="\n"), ["2 A", "3 :unclosed_quote"]
    ),
    "many lines with open quotes": Case(
        file(*[f'A,"d,{DATE},R,,', row("B")] * 3),
        ["2 :unclosed_quote", "3 B", "4 :unclosed_quote", "5 B", "6 :unclosed_quote", "7 B"],
        warnings={"repeated_row": 2},
    ),
    # Lines.
    "breaks inside of quotes count": Case(file(f'A,"1\n2\r\n3\r4",{DATE},R,,', row("B")), ["2 A", "6 B"]),
    "CRLF": Case(file(row("A"), row("B"), end="\r\n"), ["2 A", "3 B"]),
    "lone CR": Case(file(row("A"), row("B"), end="\r"), ["2 A", "3 B"]),
    "mixed ends": Case(f"{HEADER}\r{row('A')}\r\n{row('B')}\n{row('C')}".encode(), ["2 A", "3 B", "4 C"]),
    "blank and delimiter-only lines": Case(
        file("", row("A"), "   ", ",,,,,", ",,", row("B"), "", ""), ["3 A", "7 B"]
    ),
    "U+2028 and VT are no line ends": Case(
        file(f"A,x\u2028y\u2029\u0085z,{DATE},R,,", f"B,\x0b,{DATE},R,,", row("C")),
        ["2 description:control_character", "3 description:control_character", "4 C"],
    ),
    "U+2028 alone": Case(file(f"A,x\u2028y,{DATE},R,,", row("B")), ["2 A", "3 B"]),
    # Width.
    "too few cells": Case(file(f"A,d,{DATE},R", row("B")), ["2 :missing_cells", "3 B"]),
    "too many cells": Case(file(row("A", ",,x"), row("B")), ["2 :extra_cells", "3 B"]),
    "trailing delimiters": Case(file(row("A", ",,,,")), ["2 A"]),
    "trailing delimiters in the header too": Case(file(row("A", ",,,"), header=HEADER + ",,"), ["2 A"]),
    # Encodings.
    "UTF-8 with mark": Case(b"\xef\xbb\xbf" + file(row("Ação")), ["2 Ação"]),
    "several marks": Case(b"\xef\xbb\xbf" * 3 + file(row("A")), ["2 A"]),
    "UTF-16 with mark": Case(
        file(row("Ação"), row("B")).decode().encode("utf-16"),
        ["2 Ação", "3 B"],
        dialect={"encoding": "utf-16-le"},
    ),
    "UTF-16 big-endian by its NULs": Case(
        file(row("Ação"), row("B")).decode().encode("utf-16-be"),
        ["2 Ação", "3 B"],
        dialect={"encoding": "utf-16-be"},
    ),
    "UTF-16 with an odd byte at its end": Case(
        file(row("A"), f"B,d,{DATE},Recife,,", end="\n").decode().rstrip().encode("utf-16-le") + b"x",
        ["2 A", "3 local_info:encoding_error"],
    ),
    "Windows-1252": Case(
        file(row("Ação"), row("B \u2013 \u201cc\u201d")).decode().encode("cp1252"),
        ["2 Ação", "3 B \u2013 \u201cc\u201d"],
        dialect={"encoding": "windows-1252"},
    ),
    "Windows-1252 with an undefined byte": Case(
        file(row("Ação é"), row("B\u0081")).decode().encode("latin-1"), ["2 Ação é", "3 title:encoding_error"]
    ),
    "UTF-8 with a stray byte": Case(
        file(row("Ação"), row("B\u0081"), row("C")).replace(b"\xc2\x81", b"\xe9"),
        ["2 Ação", "3 title:encoding_error", "4 C"],
        dialect={"encoding": "utf-8"},
    ),
    "a stray byte before any good character": Case(
        file(row("A\u0081"), row("Ação"), row("Ônibus")).replace(b"\xc2\x81", b"\xe9"),
        ["2 title:encoding_error", "3 Ação", "4 Ônibus"],
        dialect={"encoding": "utf-8"},
    ),
    "letters in parts are composed": Case(file(row("Ac\u0327a\u0303o")), ["2 Ação"]),
    "a letter under more marks than any script has": Case(
        file(row("e" + "\u0301\u0316" * 16), row("\u201ca\u201d"), row("e" + "\u0301\u0316" * 15)),
        ["2 title:invalid_unicode", "3 \u201ca\u201d", "4 \u00e9" + "\u0316" * 15 + "\u0301" * 14],
    ),
    "marks that would take hours to order": Case(
        file(row("A").replace(",d,", ",d" + "\u0301\u0316" * 15_000 + ","), row("B")),
        ["2 description:invalid_unicode", "3 B"],
    ),
    "NUL in a cell": Case(file(row("A\0b")), ["2 title:control_character"]),
    "bidirectional override": Case(file(row("A\u202eb")), ["2 title:control_character"]),
    "a mark against the option": Case(
        b"\xef\xbb\xbf" + file(row("Ação")),
        ["2 Ação"],
        options={"encoding": "windows-1252"},
        dialect={"encoding": "utf-8"},
    ),
    "encoding by option": Case(
        file(row("A€")).decode().encode("iso-8859-15"), ["2 A€"], options={"encoding": "iso-8859-15"}
    ),
    # Head.
    "Excel's sep line": Case(
        b"sep=;\r\n" + file(f"A;d;{DATE};R;;", header=HEADER.replace(",", ";")),
        ["3 A"],
        dialect={"delimiter": ";"},
    ),
    "a quote is no delimiter": Case(b'sep="\n' + file(row("A")), ["3 A"], warnings={"rows_above_header": 1}),
    "tabs": Case(file(row("A"), header=HEADER).replace(b",", b"\t"), ["2 A"], dialect={"delimiter": "\t"}),
    "bars": Case(file(row("A"), header=HEADER).replace(b",", b"|"), ["2 A"], dialect={"delimiter": "|"}),
    "delimiter by option": Case(file(row("A")).replace(b",", b"|"), ["2 A"], options={"delimiter": "|"}),
    "Portuguese names, any order": Case(
        file(f"Recife;{DATE};A;;d;", header="Cidade; DATA-DO EVENTO;Título;Participantes;DESCRIÇÃO;Local"),
        ["2 A"],
    ),
    "only the required columns": Case(file(f"{DATE},A,R", header="event_date,title,city"), ["2 A"]),
    "unknown columns": Case(
        file(f"A,{DATE},R,1,2", header="title,event_date,city,preço,"),
        ["2 A"],
        warnings={"ignored_columns": 2},
    ),
    "a rejected.csv comes back": Case(
        file(f"7,A,{DATE},R,oops", header="_line,title,event_date,city,_errors"), ["2 A"]
    ),
    "header alone": Case(HEADER.encode()),
    "blank lines before the header": Case(b"\n\n" + file(row("A")), ["4 A"]),
    "empty": Case(b"", fault="empty_file"),
    "a mark alone": Case(b"\xef\xbb\xbf", fault="empty_file"),
    "blank": Case(b"\n ;;\r\n\r\n", fault="empty_file"),
    "typo": Case(b"titel,event_date,city\n", fault="missing_columns"),
    "no header": Case(file(row("A"), header=row("B")), fault="missing_columns"),
    "JSON": Case(json.dumps([{"title": "A"}]).encode(), fault="missing_columns"),
    "HTML": Case(b"<!DOCTYPE html>\n<html>", fault="missing_columns"),
    "two titles": Case(b"title,titulo,event_date,city\n", fault="duplicate_columns"),
    "1,001 columns": Case((HEADER + ",x" * 995).encode(), fault="too_many_columns"),
    "1,000 columns": Case(
        file(row("A", ",,1" + "," * 993), header=HEADER + ",x" * 994),
        ["2 A"],
        warnings={"ignored_columns": 994},
    ),
    "an endless header": Case(b"x" * 70_000, fault="too_large"),
    "endless columns": Case(b"title," * 20_000, fault="too_many_columns"),
    "PNG": Case(b"\x89PNG\r\n\x1a\n" + bytes(100), fault="not_text"),
    "XLSX": Case(b"PK\x03\x04" + bytes(100), fault="not_text"),
    "gzip": Case(gzip.compress(file(row("A"))), fault="not_text"),
    "PDF": Case(b"%PDF-1.7\n" + b"x" * 100, fault="not_text"),
    "binary": Case(bytes(range(256)), fault="not_text"),
    "a NUL late in the header": Case(file(row("A"), header=HEADER + "," + "x" * 80 + "\0"), fault="not_text"),
    "rich text": Case(b"{\\rtf1\\ansi title,event_date,city}", fault="not_text"),
    "Zstandard": Case(b"\x28\xb5\x2f\xfd" + bytes(range(64)), fault="not_text"),
    "UTF-32": Case(HEADER.encode("utf-32"), fault="not_text"),
    # Bounds.
    "a cell over 64 KiB": Case(
        file(f'A,"{"x" * 65_537}",{DATE},R,,', row("B")), ["2 description:too_long", "3 B"]
    ),
    "a cell of 64 KiB": Case(file(f'A,"{"x" * 65_536}",{DATE},R,,'), ["2 A"]),
    "an endless line": Case(file(row("A"), "B" * 3_000_000, row("C")), ["2 A", "3 :too_long", "4 C"]),
    "an endless last line": Case(file(row("A"), "B" * 3_000_000).rstrip(), ["2 A", "3 :too_long"]),
    "an open quote for megabytes": Case(
        file(row("A"), 'B,"', *[row("C")] * 3, "x" * 1_100_000, row("D")),
        ["2 A", "3 :unclosed_quote", "4 C", "5 C", "6 C", "7 :too_long", "8 D"],
        warnings={"repeated_row": 2},
    ),
    "1,001 participants": Case(
        file(row("A", ";".join(map(str, range(1001))) + ",")), ["2 participants:too_many_items"]
    ),
    "JSON of depth 64": Case(file(row("A", f',"{deep(63)}"')), ["2 A"], warnings={"unknown_member": 1}),
    "JSON of depth 65": Case(file(row("A", f',"{deep(64)}"')), ["2 local_info:invalid_json"]),
    "JSON of depth 20,000": Case(file(row("A", f',"{deep(20_000)}"')), ["2 local_info:invalid_json"]),
    # Fields.
    "all errors of a row": Case(
        file(' ,d,01/07/2025,,,"{""capacity"": -1, ""capacity"": 2}"'),
        ["2 local_info:duplicate_key title:required event_date:ambiguous_date city:required"],
    ),
    "formulas stay": Case(file(row("=1+1"), row("@x"), row("-1")), ["2 =1+1", "3 @x", "4 -1"]),
    "guarded formulas are bare again": Case(
        file(row("'=1+1"), row("'-x"), row("''@x"), row("'x"), row("it's -1"), row("B", "'@ana;bo,")),
        ["2 =1+1", "3 -x", "4 '@x", "5 'x", "6 it's -1", "7 B"],
    ),
    "full-width formulas are guarded, too": Case(
        file(row("\uff1d1+1"), row("'\uff0bx"), row("''\uff20x"), row("'\uff0d1")),
        ["2 \uff1d1+1", "3 \uff0bx", "4 '\uff20x", "5 \uff0d1"],
    ),
    "a guard is no part of a text's length": Case(file(row("'=" + "x" * 99)), ["2 =" + "x" * 99]),
    "repeated rows": Case(
        file(row("A"), row("B"), row("A")), ["2 A", "3 B", "4 A"], warnings={"repeated_row": 1}
    ),
    "repeated participants": Case(file(row("A", "x;x,")), ["2 A"], warnings={"repeated_participant": 1}),
    "Python's quotes": Case(file(row("A", ",\"{'location_name': 'ab'}\"")), ["2 local_info:invalid_json"]),
    "JSON that is no object": Case(file(row("A", ",[1]")), ["2 local_info:invalid_type"]),
    "JSON null": Case(file(row("A", ",null")), ["2 A"]),
    "NUL by escape": Case(
        file(row("A", ',"{""location_name"": ""a\\u0000b""}"')),
        ["2 local_info.location_name:control_character"],
    ),
    "half a pair by escape": Case(
        file(*[row("A", f',"{{""location_name"": ""a\\u{half}""}}"') for half in ("d800", "dc80")]),
        ["2 local_info.location_name:invalid_unicode", "3 local_info.location_name:invalid_unicode"],
    ),
    "blanks around JSON": Case(file(row("A", f',"\u00a0{RFC_VENUE}\u00a0"')), ["2 A"]),
    # What people have.
    "flat venue columns": Case(
        file(
            f"A,{DATE},R,Teatro,300,salao,sim,Rua 1",
            f"B,{DATE},R,,,,,",
            f"C,{DATE},R,Teatro,x,nada,talvez,",
            f"D,{DATE},R,,5,,,",
            f"E,{DATE},R,Teatro,300.0,,NÃO,",
            f"F,{DATE},R,Teatro,1.000,,,",
            f"G,{DATE},R,Teatro,{'9' * 5000},,,",
            header="title,event_date,city,nome_do_local,capacidade,tipo_de_local,acessivel,endereco",
        ),
        [
            "2 A",
            "3 B",
            (
                "4 local_info.capacity:invalid_type local_info.venue_type:unknown_venue_type"
                " local_info.is_accessible:invalid_type"
            ),
            "5 local_info.location_name:required",
            "6 E",
            "7 local_info.capacity:invalid_type",
            "8 local_info.capacity:out_of_range",
        ],
    ),
    "a column `local` holds JSON or a name": Case(
        file(f'A,{DATE},R,"{RFC_VENUE}"', f"B,{DATE},R,Teatro", header="titulo,data,cidade,local"),
        ["2 A", "3 B"],
    ),
    "mapping and defaults": Case(
        "ID;TITULO;FECHA;NOMBRE-INSTALACION;DESCRIPCION\n1;A;2022-12-07 00:00:00.0;Teatro;Não\n".encode(
            "cp1252"
        ),
        ["2 A"],
        options={
            "mapping": {
                "title": "TITULO",
                "event_date": "FECHA",
                "local_info.location_name": "nombre-instalacion",
                "description": "DESCRIPCION",
            },
            "defaults": {"city": "Madrid"},
        },
        dialect={"encoding": "windows-1252", "delimiter": ";"},
    ),
    "mapping to a column that is not there": Case(
        file(row("A")), fault="missing_columns", options={"mapping": {"title": "TITULAR"}}
    ),
    "day first by option": Case(
        file("A,d,31/12/2025 18:30,R,,", "B,d,12/31/2025,R,,"),
        ["2 A", "3 event_date:invalid_date"],
        options={"date_format": "dmy"},
    ),
}
