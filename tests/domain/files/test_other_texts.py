"""Mails, dumps of databases and YAML are named; whatever may be a table is left to its header."""

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
ADVICE = {"mail": "send_attachment", "mht": "save_again", "sql": "export_table", "yaml": "export_table"}
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
    "a list in YAML": ("- title: A\n  date: 2026-05-28\n", "yaml"),
    "a document in YAML": ("---\n- title: A\n  date: 2026-05-28\n", "yaml"),
    "a header": ("title,event_date,city\n", None),
    "a header with a colon": ("Date: and time,Subject: x,From: y\nA,B,C\n", None),
    "two headers with a colon": ("Subject: x;y\nDate: a;b\nc;d\n", None),
    "a first name as in a mailbox": ("From Date,To Date,Title\n", None),
    "a name that begins like SQL": ("Insert into agenda,date,city\n", None),
    "names of SQL": ("create table;city;date\n", None),
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


@pytest.mark.parametrize("name", [name for name, (_, kind) in TEXTS.items() if kind in ("mail", "mht")])
def test_a_mail_is_named_however_its_bytes_come(name: str) -> None:
    content = TEXTS[name][0].encode()
    decided = {
        repr(found)
        for size in range(min(64, len(content)), len(content) + 1)
        if (found := sniff(content[:size], closed=size == len(content))) is not None
    }
    assert decided == {repr(sniff(content, closed=True))}


def test_any_length_of_such_texts_is_read_in_one_pass() -> None:
    for part in ("- a", "--\n", "/* x */", "From: ", "From: x\n ", "INSERT INTO ", "SET a", "\n", " "):
        assert other_text(part * 4096) in (None, "mail")
