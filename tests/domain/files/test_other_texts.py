"""Mails, dumps, drawn tables and YAML are named; whatever may be a table is left to its header."""

from time import thread_time

import pytest

from domain.files.kinds import sniff
from domain.files.other_texts import other_text
from domain.problems import Problem

MAIL = (
    "Return-Path: <a@example.org>\r\nReceived: from x\r\n\tby y\r\nFrom: Ana <a@example.org>\r\n"
    "Subject: agenda\r\nMIME-Version: 1.0\r\nContent-Type: text/csv\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\ntitle,event_date,city\r\n"
    "S=C3=A3o,2026-05-28,Recife\r\n"
)
PAGE = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://x/\r\nSubject: x\r\n"
    "Date: Thu, 28 May 2026\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related;\r\n\ttype="text/html"\r\n\r\n'
)
ADVICE = {
    "mail": "send_attachment",
    **dict.fromkeys(("mht", "sylk", "dif"), "save_again"),
    **dict.fromkeys(("sql", "yaml", "toml", "drawn"), "export_table"),
}
SYLK = 'ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K"title"\r\nC;X2;K"city"\r\nE\r\n'
TEXTS = {
    "a mail": (MAIL, "mail"),
    "a mail with lines of Unix": (MAIL.replace("\r\n", "\n"), "mail"),
    "a mailbox": ("From a@example.org Thu May 28 10:00:00 2026\n" + MAIL, "mail"),
    "a mail without MIME": ("From: a@example.org\nTo: b@example.org\nSubject: x\n\ntitle,city\n", "mail"),
    "a mail with pictures": ("Received: from x\n" + PAGE, "mail"),
    "a mail that begins with its form": ("MIME-Version: 1.0\r\nContent-Type: text/csv\r\n\r\n", "mail"),
    "a web page": (PAGE, "mht"),
    "a web page of Excel": ("MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n", "mht"),
    "an insertion": ("INSERT INTO `eventos` (title, city) VALUES ('A', 'Recife');", "sql"),
    "an insertion without names": ("insert into eventos values (1);", "sql"),
    "a table": ("CREATE TABLE IF NOT EXISTS eventos (\n id int\n);", "sql"),
    "a dump": ("-- MySQL dump 10.13\n--\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `e`;\n", "sql"),
    "a dump of settings": ("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "sql"),
    "a dump of SQLite": ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "sql"),
    "rows of PostgreSQL": ("COPY public.eventos (id, titulo) FROM stdin;\n1\tA\n\\.\n", "sql"),
    "rows of PostgreSQL without names": ("copy eventos from stdin;\n1\tA\n", "sql"),
    "a copy by psql": ("\\copy eventos (titulo, data) FROM 'x.csv' CSV HEADER\n", "sql"),
    "a dump of PostgreSQL 17": (
        "--\n-- x\n--\n\n\\restrict aB1\n\n-- y\n\nSET statement_timeout = 0;\n",
        "sql",
    ),
    "an insertion of MySQL": ("INSERT IGNORE INTO `eventos` (`titulo`) VALUES ('A');", "sql"),
    "an insertion of SQLite": ("INSERT OR REPLACE INTO eventos VALUES (1);", "sql"),
    "settings of MySQL": ("SET NAMES utf8mb4;\nSET FOREIGN_KEY_CHECKS = 0;\n", "sql"),
    "a script of SQL Server": ("USE [agenda]\nGO\nINSERT [dbo].[eventos] ([titulo]) VALUES (N'A')\n", "sql"),
    "an insertion of SQL Server": ("INSERT [dbo].[eventos] ([titulo]) VALUES (N'A')\n", "sql"),
    "ids of SQL Server": ("SET IDENTITY_INSERT [dbo].[eventos] ON \nINSERT", "sql"),
    "an export of Oracle": (
        "REM INSERTING into E\nSET DEFINE OFF;\nInsert into E (T) values ('A');\n",
        "sql",
    ),
    "a box": ("\u250c\u2500\u2500\u252c\u2500\u2500\u2510\n\u2502 id \u2502 titulo \u2502\n", "drawn"),
    "lines of psql": (
        " id \u2502 titulo \n\u2500\u2500\u2500\u2500\u253c\u2500\u2500\n  1 \u2502 A\n",
        "drawn",
    ),
    "rows of psql on their sides": ("-[ RECORD 1 ]----\ntitulo | A\n", "drawn"),
    "rows of psql in Portuguese": ("-[ REGISTRO 1 ]----\ntitulo | A\n", "drawn"),
    "rows of MySQL on their sides": (f"{'*' * 27} 1. row {'*' * 27}\n titulo: A\n", "drawn"),
    "columns of SQLite": ("id  titulo  data      \n--  ------  ----------\n1   A\n", "drawn"),
    "columns of SQL*Plus": ("TITULO     DATA\r\n---------- ----------\r\nA\r\n", "drawn"),
    "columns in reStructuredText": ("====== ====\ntitulo data\n====== ====\nA      B\n", "drawn"),
    "a list in YAML": ("- title: A\n  date: 2026-05-28\n", "yaml"),
    "a document in YAML": ("---\n- title: A\n  date: 2026-05-28\n", "yaml"),
    "a list in YAML with a name": ("eventos:\n  - title: A\n    date: 2026-05-28\n", "yaml"),
    "a short mail": ("From: Ana <ana@example.org>\nSubject: agenda\n\nOl\u00e1, segue.\n", "mail"),
    "a mail without a body": ("To: ana@example.org\r\nSubject: agenda\r\n", "mail"),
    "tables in TOML": ('[[events]]\ntitle = "A"\n\n[[events]]\ntitle = "B"\n', "toml"),
    "a document in TOML": ('# Agenda\nname = "x"\nyear=2026\n\n[events.a] # 1\n  title="A"\n', "toml"),
    "an INI": ("; agenda\n[Evento 1]\ntitulo=A\n", "toml"),
    "a sheet of old": (SYLK, "sylk"),
    "a sheet of LibreOffice": ('ID;PCALCOOO32\nB;Y2;X3\nC;X1;Y1;K"title"\nE\n', "sylk"),
    "a short sheet of old": ('ID;PWXL;N;E\r\nC;Y1;X1;K"title"\r\nE\r\n', "sylk"),
    "an exchange of old": ('TABLE\r\n0,1\r\n"EXCEL"\r\nVECTORS\r\n0,3\r\n', "dif"),
    "a header": ("title,event_date,city\n", None),
    "a header with a colon": ("Date: and time,Subject: x,From: y\nA,B,C\n", None),
    "two headers with a colon": ("Subject: x;y\nDate: a;b\nc;d\n", None),
    "a first name as in a mailbox": ("From Date,To Date,Title\n", None),
    "a name that begins like SQL": ("Insert into agenda,date,city\n", None),
    "names of SQL": ("create table;city;date\n", None),
    "a copy with a header": ("COPY eventos FROM stdin WITH CSV HEADER;\ntitulo,data,cidade\n", None),
    "a copy to a table": ("COPY eventos TO STDOUT WITH CSV HEADER;\ntitulo,data,cidade\n", None),
    "a name that begins like a copy": ("Copy,from,city\n", None),
    "a name that begins like a comment": ("REM banda,data,cidade\n", None),
    "a name that begins like a use": ("Use;date;city\n", None),
    "names that are set": ("Set names,date,city\n", None),
    "a table of psql": (" id | titulo | data\n----+--------+------\n", None),
    "a table of MySQL": ("+----+--------+\n| id | titulo |\n+----+--------+\n", None),
    "a table in Markdown": ("| titulo | data |\n|---|---|\n", None),
    "a ruled table with tabs": ("titulo\tdata\n------\t----\n", None),
    "a ruled title": ("Agenda do ano\n--- ---\ntitle,event_date,city\n", None),
    "a title with a line in it": ("Agenda \u2502 2026\ntitle,event_date,city\n", None),
    "stars": ("***** Agenda *****\ntitle,city\n", None),
    "a header that begins like a sheet of old": ("ID;P;Evento\nC;X;Y\nE;X;Y\n", None),
    "a header of prices": ("ID;Pre\u00e7o;Nome;Evento\nC;A;B;C\nC;A;B;C\n", None),
    "names in brackets": ("[title],[event_date],[city]\nA,2026-05-28,Recife\n", None),
    "a title in brackets": ("[Agenda]\ntitle,event_date,city\nA=B,2026-05-28,Recife\n", None),
    "a name with an equals sign": ("title = A,city\nB,C\n", None),
    "a title with a colon": ("Agenda:\ntitle,event_date\n", None),
    "a word like an exchange of old": ("TABLE,0\n0,1\n", None),
    "a title above a table": ("TABLE\n\ntitle,event_date,city\n", None),
    "days above a table": ("From: 01/07/2026\nTo: 31/07/2026\n\ntitle,event_date,city\n", None),
    "a sender above a table": ("From: a@example.org\nSubject: x\n\ntitle,event_date,city\n", None),
    "a bullet": ("- title: A\n- title: B\n", None),
    "a first name with a dash": ("- title,event_date\n", None),
    "dashes": ("----------\ntitle,city\n", None),
}


@pytest.mark.parametrize("name", TEXTS)
def test_each_text_is_named_or_left_to_its_header(name: str) -> None:
    text, kind = TEXTS[name]
    assert other_text(text) == kind
    found = sniff(text.encode(), closed=True)
    assert (found.params if isinstance(found, Problem) else found) == (
        "csv" if kind is None else {"kind": kind, "advice": ADVICE[kind]}
    )


@pytest.mark.parametrize("name", [name for name, (_, kind) in TEXTS.items() if kind or "above" in name])
def test_a_text_is_named_however_its_bytes_come(name: str) -> None:
    content = TEXTS[name][0].encode()
    decided = {
        repr(found)
        for size in range(min(64, len(content)), len(content) + 1)
        if (found := sniff(content[:size], closed=size == len(content))) is not None
    }
    assert decided == {repr(sniff(content, closed=True))}


def test_any_length_of_such_texts_is_read_in_one_pass() -> None:
    for part in (
        *("- a", "--\n", "/* x */", "From: ", "From: x\n ", "INSERT INTO ", "SET a", "\n", " "),
        *(
            "\u2502",
            "\u2502\n",
            "- ",
            "= ",
            "a b\n",
            "REM a\n",
            "\\c a\n",
            "COPY a (",
            "USE a\n",
            "*****",
            "-[ a",
        ),
        *("[a]\n", "a = b\n", "a=", "a b ", "#\n", "ID;P\nC;X", "ID;P;N", "a:\n", "From: a@b\n", "To: @\n"),
    ):
        assert other_text(part * 4096) in (None, "mail", "sylk")


JSON = ('[[true, false], {"title": "A"}]', '[["title", "city"], ["A", "Recife"]]', "[[null]]")


@pytest.mark.parametrize("text", JSON)
def test_an_array_within_an_array_is_json_however_its_bytes_come(text: str) -> None:
    content = text.encode() + b" " * 80
    found = [sniff(content[:size], closed=size == len(content)) for size in range(len(content) + 1)]
    assert {kind for kind in found if kind} == {"json"}
    assert found[-1] == "json"


@pytest.mark.parametrize("between", ["\n", " ", "\r\n", ";\n", " \n"])
@pytest.mark.parametrize(
    "start", ["USE a", "INSERT INTO a", "SET a", "COPY a", "DROP TABLE a", "LOCK TABLES", "--"]
)
def test_a_beginning_with_many_blanks_is_known_at_once(start: str, between: str) -> None:
    begun = thread_time()
    other_text(start + between * 2_000)
    # Cubic time took minutes; what is linear takes far less than this.
    assert thread_time() - begun < 1


@pytest.mark.parametrize(
    "above",
    [
        "╔════════════╗\n║ AGENDA 2026 ║\n╚════════════╝\n",
        "┌──────┐\n",
        "Agenda ║ Prefeitura\n══════\n",
        "Event date\n--- ---\n",
    ],
)
def test_a_title_in_a_frame_above_a_table_is_no_drawn_table(above: str) -> None:
    assert other_text(f"{above}title,event_date,city\nA,2026-01-01,Recife\n") is None
