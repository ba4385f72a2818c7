"""Commands that look at what there is, where they are asked for Turkish: no end of them is half English."""

import openpyxl
import pytest
from commands import GOOD_ROWS, etl, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.sample import sample
from etl.commands.settings import Settings

NOT_USED = "hazırlandıktan sonra değişmiş (SHA-256 özeti farklı); ondan hiçbir şey kullanılmıyor"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("turkish")
    write_shop(folder, f"{GOOD_ROWS}9,Can,can@example\n")
    dry_run(folder / "migration.yaml", Settings(folder / "work", workers=1))
    return folder


def told(folder, *words):
    done = etl(*words, "--language", "tr", cwd=folder)
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("nam == 'x'", "--where user satırlarına uymuyor: 'nam' diye bir sütun yok; 'name' mi demek istediniz?"),
        ("null == 'x'", "--where user satırlarına uymuyor: 'null' diye bir sütun yok; null yerine `none` yazılır"),
        ("name | nix", "--where 'name | nix': 'nix' diye bir işlev yok; `etl functions` hepsini listeler"),
        ("name ==", "--where 'name ==': ifade tamamlanmamış"),
    ],
)
def test_what_is_wrong_with_an_expression_that_was_typed(shop, where, line):
    assert told(shop, "preview", ".", "--where", where) == (2, line)


@pytest.mark.parametrize("command", ["diff", "dry-run"])
def test_that_there_are_no_snapshots(shop, command):
    line = "--snapshot 5: eşleme hiçbir sunucudan okumuyor, bu yüzden anlık görüntüsü yok"
    assert told(shop, command, ".", "--snapshot", "5") == (2, line)


def test_a_workbook_that_is_cut_off(shop, tmp_path):
    [whole] = (shop / "work").glob("*/packages/*/rejects.xlsx")
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(whole.read_bytes()[:3000])
    line = "çalışma kitabı değil ya da bozuk veya yarım kalmış bir kitap; yeniden alın ya da yeniden kaydedin"
    assert told(shop, "fix", ".", cut) == (2, f"{cut}: {line}")


@pytest.mark.parametrize("words", [("find", ".", "1"), ("report", ".")])
def test_a_package_that_was_changed(tmp_path, words):
    write_shop(tmp_path, GOOD_ROWS)
    dry_run(tmp_path / "migration.yaml", Settings(tmp_path / "work", workers=1))
    for changed in (tmp_path / "work").glob("*/packages/*/*/user/*.json"):
        changed.write_bytes(b"[]")
    for changed in (tmp_path / "work").glob("*/packages/*/profile.json"):
        changed.write_bytes(b"{}")
    code, line = told(tmp_path, *words)
    assert code == 1
    assert line.endswith(NOT_USED)


def test_the_kinds_of_points_in_the_samples_workbook(shop):
    found = sample(shop / "migration.yaml", Settings(shop / "work", workers=1, language="tr"))
    rows = list(openpyxl.load_workbook(found.customers_file).worksheets[1].iter_rows(min_row=2, values_only=True))
    assert {one.kind for one in found.points} <= {"value", "null", "branch", "default", "entry", "function"}
    assert {row[0] for row in rows} <= {"değer", "null", "dal", "varsayılan", "tablo kaydı", "işlev"}
