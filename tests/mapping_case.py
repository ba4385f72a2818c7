"""A small mapping to be wrong with. A « in a text marks a place; the expected problems stand in the order of the marks."""

import re

from etl.mapping import load_mapping

MARK = "«"

SMALL = """\
version: 1
name: acme
target: { url: "https://omnitron.example.com", channel: 7, token: "${ACME_TOKEN}" }
sources:
  customers: { csv: customers.csv, delimiter: ";" }
lookups:
  group: { 1: a, 2: b }
stages:
  - name: user
    from: customers
    where: "{{ status == '1' }}"
    key: customer_code
    fields:
      customer_code: "{{ customer_id }}"
      first_name: "{{ row['First Name'] }}"
      last_name: Yılmaz
      email: "{{ email | lower }}"
      gender: null
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: ffffffffffffffffffffffffffffffff
      password_algorithm: md5
"""

ADDRESS = """\
  - name: address
    from: customers
    key: "{{ customer_id }}"
    refers: { customer_code: user }
    fields:
      customer_code: "{{ customer_id }}"
      email: "{{ email }}"
      first_name: a
      last_name: b
      country: Türkiye
      city: c
      township: d
      line: e
"""

CUSTOMERS = "customer_id;email;status;First Name\n1;ali@example.com;1;Ali\n"


class Case:
    """A folder with a mapping in it."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "migration.yaml"
        self.write("customers.csv", CUSTOMERS)

    def write(self, name, text):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def load(self, text):
        self.file.write_bytes(text.encode())
        return load_mapping(self.file)

    def told(self, text):
        """The problems as they are printed, without the test's own folder."""
        return [str(problem).replace(f"{self.folder}/", "") for problem in self.load(text).problems]

    def finds(self, marked, *whats):
        """Assert that these are all the problems, each at its mark."""
        places = [marked_place(marked, found.start()) for found in re.finditer(MARK, marked)]
        assert len(places) == len(whats), "one mark for each problem"
        expected = [f"migration.yaml:{place}: {what}" for place, what in zip(places, whats, strict=True)]
        told = self.told(marked.replace(MARK, ""))
        assert told == expected, "\n".join(["told:", *told, "expected:", *expected])


def marked_place(text, index):
    before = text[:index].replace(MARK, "")
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def edited(*changes, text=SMALL, more=""):
    """The small mapping with (old, new) replaced, each old text being there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text + more
