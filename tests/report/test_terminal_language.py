"""The terminal in Turkish, where it is asked for: what a clerk reads while rows are mended. All else, --json too, is English."""

import ast
import copy
import html
import json
import pickle
import re

import openpyxl
import pytest
import templates
from commands import ROOT, etl, target
from load_helpers import TOKEN, Sandbox
from small_migration import MAPPING, write_shop

from etl.findings import Sentence, joined, said
from etl.report.catalogue import catalogue_of

TURKISH = catalogue_of("tr")
PLAIN = MAPPING.replace("\"{{ email | digest('md5') }}\"", "ffffffffffffffffffffffffffffffff")
SENT = MAPPING.replace(
    "target: { batch_size: 7 }",
    "target: { url: '${OMNITRON_URL}', channel: 1, token: '${OMNITRON_TOKEN}', retries: 1, retry_wait: 0.01, "
    "polling: { interval: 0.01 } }",
)

SPOKEN = (
    "etl/report/summary.py",
    "etl/report/rejects.py",
    "etl/report/uploads.py",
    "etl/report/looking.py",
    "etl/report/reconciled.py",
    "etl/commands/amounts.py",
    "etl/report/mending.py",
    "etl/report/preview.py",
    "etl/report/sample.py",
    "etl/report/differing.py",
    "etl/commands/edits.py",
    "etl/commands/find.py",
    "etl/extract/corrected.py",
    "etl/commands/in_sources.py",
    "etl/commands/whose.py",
    "etl/commands/explain.py",
    "etl/report/following.py",
    "etl/report/checking.py",
    "etl/report/history.py",
    "etl/cli/purging.py",
    "etl/journal/status.py",
    "etl/journal/unsent.py",
    "etl/journal/homes.py",
)
"""Modules that make lines for a clerk."""


@pytest.fixture(scope="module")
def sandbox():
    server = Sandbox()
    yield server
    server.close()


def english():
    """What the engine's own texts have between their parts: at least two words."""
    for text in templates.templates():
        for piece in re.split(r"\{[^}]*\}", text):
            words = piece.strip(" ;:,.'()")
            if len(re.findall(r"[A-Za-z]{2,}", words)) >= 2:
                yield words


def left_in_english(told):
    """Which of the engine's own texts stand in what was printed. A mapping's own warnings are for its engineer."""
    lines = "\n".join(line for line in told.splitlines() if "migration.yaml:" not in line)
    said_so = [*TURKISH.sentences.values(), *TURKISH.texts.values()]
    found = {one for one in english() if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", lines)}
    return {one for one in found if not any(one in each for each in said_so)}


def words_in(file):
    """What an f-string of the module says in words: it is said in no other language."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces = [str(one.value) for one in node.values if isinstance(one, ast.Constant)]
            yield from (f"line {node.lineno}: {one}" for one in pieces if re.search(r"[A-Za-z]{2,}", one))


@pytest.mark.parametrize("file", SPOKEN)
def test_no_line_for_a_clerk_is_put_together_in_english_alone(file):
    assert list(words_in(file)) == []


def test_a_dry_run_is_told_in_turkish_with_every_line_of_its_own(tmp_path):
    write_shop(tmp_path)
    done = etl("dry-run", ".", "--language", "tr", cwd=tmp_path)
    assert done.returncode == 1
    assert left_in_english(done.stderr + done.stdout) == set()
    assert (
        "order: orders.csv 3. satır, 'user' alanı: bekletiliyor, çünkü user '3' reddedildi (4. satır) "
        "(ve bunun gibi 1 tane daha)\n"
    ) in done.stderr
    head, *stages = done.stdout.splitlines()[2:7]
    assert head.split() == [
        "aşama", "okunan", "elenen", "reddedilen", "bekletilen", "geçerli", "yüklenen", "başarısız", "bekleyen",
    ]  # fmt: skip
    assert stages[1].split() == ["user", "7", "1", "3", "0", "3", "0", "0", "3"]
    assert done.stdout.startswith("Göç shop\n")
    assert "\nPaket: " in done.stdout
    assert "\nRapor: " in done.stdout


def test_the_terminal_is_english_where_nothing_was_asked_and_asked_by_the_environment_too(tmp_path):
    write_shop(tmp_path)
    assert etl("dry-run", ".", cwd=tmp_path).stdout.startswith("Migration shop\n")
    assert etl("dry-run", ".", cwd=tmp_path, ETL_LANGUAGE="tr").stdout.startswith("Göç shop\n")
    asked = etl("dry-run", ".", "--language", "en", cwd=tmp_path, ETL_LANGUAGE="tr")
    assert asked.stdout.startswith("Migration shop\n")


def test_json_is_the_same_in_every_language(tmp_path):
    write_shop(tmp_path)
    english, turkish = (
        json.loads(etl("dry-run", ".", "--json", cwd=tmp_path, ETL_LANGUAGE=one).stdout) for one in ("en", "tr")
    )
    assert {**english, "package": None} == {**turkish, "package": None}
    failed = etl("report", ".", "-w", "elsewhere", "--json", "--language", "tr", cwd=tmp_path)
    assert json.loads(failed.stdout)["problems"][0].endswith(
        ": there is no package yet; `etl dry-run . --workspace elsewhere` makes one"
    )
    assert failed.stderr.endswith(": henüz paket yok; `etl dry-run . --workspace elsewhere` bir tane yapar\n")


def test_numbers_of_the_terminal_are_grouped_as_turkish_groups_them():
    assert TURKISH.tell(said("and {count:,} more like it", count=1234)) == "ve bunun gibi 1.234 tane daha"
    assert catalogue_of("en").tell(said("and {count:,} more like it", count=1234)) == "and 1,234 more like it"


def test_what_a_sentence_was_made_of_is_copied_with_it():
    line = said("{line} ({more})", line=said("{count} records", count=2), more="x")
    for one in (copy.deepcopy(line), pickle.loads(pickle.dumps(line))):
        assert isinstance(one, Sentence)
        assert (one, TURKISH.tell(one)) == ("2 records (x)", "2 kayıt (x)")


def test_sentences_beside_each_other_are_each_said_and_what_a_row_holds_stays():
    line = joined("; ", [said("{count} records", count=2), "{count} records", said("interrupted")])
    assert TURKISH.tell(line) == "2 kayıt; {count} records; yarıda kesildi"


@pytest.fixture
def sent(tmp_path):
    write_shop(tmp_path, mapping=SENT)
    return tmp_path


def test_a_run_that_stops_is_told_in_turkish_with_what_to_do(sent, sandbox):
    sandbox.fault("errors", count=1)
    done = etl("run", ".", "--language", "tr", cwd=sent, **target(sandbox.url, TOKEN))
    sandbox.clear_faults()
    assert done.returncode == 1
    assert left_in_english(done.stderr + done.stdout) == set()
    assert "`etl resume . --old-mapping` onlarsız sürer\n  1. parti: " in done.stderr
    assert "user: Omnitron'da başarısız olan: 1 kayıt; `etl status .` hangi partilerde olduğunu söyler" in done.stderr
    again = etl("retry", ".", cwd=sent, ETL_LANGUAGE="tr", **target(sandbox.url, TOKEN))
    assert again.stderr.startswith("1. parti (user): 3 kayıttan 1 tanesi başarısız oldu, hangileri bilinmiyor; ")
    assert again.stderr.endswith("isteniyorsa --yes yazın\n")
    assert left_in_english(again.stderr) == set()


def test_a_pause_is_told_in_turkish_and_what_omnitron_said_is_not_printed(sent, sandbox):
    sandbox.fault("error_before", count=1, status=429)
    done = etl("run", ".", "--language", "tr", cwd=sent, **target(sandbox.url, TOKEN))
    sandbox.clear_faults()
    assert re.search(r"answered 429: \(see --show-data\); 2\. deneme \d+,\d sn sonra\n", done.stderr), done.stderr


def test_where_a_load_stands_and_what_became_of_a_record_are_told_in_turkish(sent, sandbox):
    asked = target(sandbox.url, TOKEN)
    sandbox.fault("error_before", count=1, status=406)
    assert etl("run", ".", cwd=sent, **asked).returncode == 3
    sandbox.fault("error_after")
    assert etl("resume", ".", cwd=sent, **asked).returncode == 4
    sandbox.clear_faults()
    english, stands = (etl("status", ".", "--language", one, cwd=sent, **asked) for one in ("en", "tr"))
    assert english.stdout.startswith("Target: ")
    assert left_in_english(stands.stdout + stands.stderr) == set()
    assert re.search(
        r"^Son çalışma: resume, [^ ]+: 4. parti, 'user' aşamasından 3 kayıt: ulaşmış olabilir, ", stands.stdout, re.M
    )
    assert "\nSon paketin kayıtları\n" in stands.stdout
    assert "\n4. parti (user, 3 kayıt) durumu: bilinmiyor: POST " in stands.stdout
    assert (
        "  Omnitron'da bakın, sonra: `etl resolve 4 --arrived [MIGRATION_ID] --mapping .` ya da: "
        "`etl resolve 4 --lost --mapping .`\n"
    ) in stands.stdout
    told = etl("history", ".", "--stage", "user", "--key", "1", "--language", "tr", cwd=sent, **asked).stdout
    assert left_in_english(told) == set()
    assert re.match(
        r"user '1': 1. parti, geri çevrildi\n  aktarım    bilinmiyor\n  baytlar    .*, 1. kayıt, SHA-256 ", told
    )
    assert re.search(r"\n  deneme     [^ ]+  POST .*: 406 yanıtı, \d+,\d+ sn içinde\n", told)
    waits = etl("history", ".", "--stage", "order", "--key", "105", "--language", "tr", cwd=sent, **asked).stdout
    assert waits.startswith("order '105': reddedildi: orders.csv 7. satır, 'amount' alanı: 'ten' ondalıklarından")
    for command in (("status", "."), ("history", ".", "--stage", "user", "--key", "1")):
        one, other = (etl(*command, "--json", "--language", each, cwd=sent, **asked).stdout for each in ("en", "tr"))
        assert one == other


def test_a_pilot_what_the_shop_shows_and_what_is_purged_are_told_in_turkish(tmp_path, sandbox):
    sandbox.reset()
    write_shop(tmp_path, mapping=SENT.replace("channel: 1,", "channel: 1, shop_url: '${OMNITRON_SHOP_URL}',"))
    asked = {**target(sandbox.url, TOKEN), "ETL_LANGUAGE": "tr"}
    nothing = etl("pilot", ".", "--key", "nobody", cwd=tmp_path, **asked)
    assert nothing.stderr.endswith("paketin 'user' aşamasında 'nobody' anahtarlı bir kayıt yok\n")
    done = etl("pilot", ".", cwd=tmp_path, **asked)
    assert re.match(
        "user: 1; hata yok\n(?:.+\n)+Pilot başarılı. Sırada: ilk satırdaki kullanıcıyla `etl verify . --email E`.\n$",
        done.stdout,
    )
    sandbox.fault("errors", count=1)
    failed = etl("pilot", ".", "-w", "elsewhere", cwd=tmp_path, **asked)
    sandbox.clear_faults()
    assert failed.stderr.startswith("'user' aşamasında 1 kayıtta 1 hata; pilot ilkinde durur. "), failed.stderr
    seen = etl("verify", ".", "--email", "ayse@example.com", cwd=tmp_path, ETL_VERIFY_PASSWORD="wrong", **asked)
    assert re.search(r"^geçmedi            login    mağaza girişi kabul etmiyor: ", seen.stdout, re.M)
    assert re.search(r"^bakılamadı         order    giriş yapılmadı$", seen.stdout, re.M)
    assert re.search(r"^kanal: bu kullanıcıyı gönderildikten \d+ sn sonra tanımıyor, ", seen.stdout, re.M)
    unsure = etl("verify", ".", "--arrived", cwd=tmp_path, **asked)
    assert "bu Omnitron'un kanalı, aktarılan bir kullanıcıyı gönderildikten " in unsure.stderr
    purged = etl("purge", ".", "--yes", cwd=tmp_path, **asked)
    assert re.search(r"^kaldırıldı: \d paket, 0 anlık görüntü, \d+ dosya, [\d,]+ kB$", purged.stdout, re.M)
    assert "  kaldırılmayan: başka yerde duranlar (" in purged.stderr
    for each in (nothing, failed, done, seen, unsure, purged):
        assert left_in_english(each.stdout + each.stderr) == set()


def test_what_anything_but_a_load_ended_in_is_told_by_status_in_turkish_too(sent, sandbox):
    asked = target(sandbox.url, TOKEN)
    assert etl("run", ".", cwd=sent, **asked).returncode == 1
    assert etl("verify", ".", "--arrived", cwd=sent, **asked).returncode == 2
    stands = etl("status", ".", "--language", "tr", cwd=sent, **asked).stdout
    assert re.search(
        r"^Son çalışma: verify, [^ ]+: bu Omnitron'un aktarılan kullanıcıları .* bilinmiyor: `etl verify", stands, re.M
    )
    assert left_in_english(stands) == set()


def test_a_decision_about_a_batch_is_told_in_turkish(sent, sandbox):
    asked = target(sandbox.url, TOKEN)
    sandbox.fault("error_after")
    assert etl("run", ".", cwd=sent, **asked).returncode == 4
    sandbox.clear_faults()

    def resolve(*words):
        done = etl("resolve", "-m", ".", *words, cwd=sent, ETL_LANGUAGE="tr", **asked)
        assert left_in_english(done.stdout + done.stderr) == set()
        return done

    assert resolve("1").stderr.startswith("--arrived, --lost ve --ask seçeneklerinden birini yazın: ")
    assert resolve("1", "--ask").stderr.startswith(
        "bu Omnitron'un aktarılan kullanıcıları kanalının müşterileri arasında "
    )
    early = etl("purge", ".", cwd=sent, ETL_LANGUAGE="tr")
    assert (
        ": 1 parti (3 kayıt): akıbeti bilinmiyor; Omnitron'da bakın, sonra `etl resolve BATCH --mapping .`\n"
        in early.stderr
    )
    assert left_in_english(early.stderr) == set()
    assert resolve("1", "--lost").stdout == (
        "1. partinin durumu: planlandı; yeniden planlandı; `etl resume .` onu gönderir\n"
    )
    as_json = etl("resolve", "-m", ".", "1", "--arrived", "--json", "--language", "tr", cwd=sent, **asked)
    assert json.loads(as_json.stdout)["next_step"] == (
        "its records count as uploaded, and how many of them failed is not known; `etl resume .` goes on after it"
    )
    wrong = resolve("1", "m-1", "--lost")
    assert wrong.stderr == "yalnız ulaşan bir parti aktarıma dönüşür; 'm-1' yazmayın\n"


def test_a_wrong_token_none_and_a_wrong_address_are_told_in_turkish(sent, sandbox):
    none = etl("run", ".", "--language", "tr", cwd=sent, **target("http://shop.example.com", ""))
    assert none.stderr == (
        "migration.yaml:3:16: 'http://shop.example.com' şifreli değil: Omnitron yalnız https ile sunulur\n"
        "migration.yaml:3:57: OMNITRON_TOKEN ortam değişkeni boş; dışa aktarın (export) ya da eşlemenin yanındaki .env dosyasına "
        "yazın\n"
    )
    wrong = etl("run", ".", "--language", "tr", cwd=sent, **target(sandbox.url, "no-such-token"))
    assert wrong.stderr.endswith(
        f"{sandbox.url} token değerini kabul etmiyor; target.token'a (değişkenine) geçerli bir değer verin\n"
    )
    for show, answer in (((), "(see --show-data)"), (("--show-data",), '{"number":["Sipariş 12"]}')):
        sandbox.fault("error_before", on="token", status=403, body='{"number":["Sipariş 12"]}')
        refused = etl("pilot", ".", "--language", "tr", *show, cwd=sent, **target(sandbox.url, TOKEN))
        assert refused.stderr.endswith(f" answered 403: {answer}; target.url ve target.token_path'i denetleyin\n"), (
            refused.stderr
        )
    sandbox.clear_faults()


@pytest.mark.parametrize("asked", ["TR", "tr_TR.UTF-8", " tr-TR"])
def test_a_language_is_understood_as_the_environment_writes_it(prepared, asked):
    assert etl("find", ".", "nobody", cwd=prepared, ETL_LANGUAGE=asked).stdout.splitlines()[1] == "  hiçbir şey yok"
    assert etl("find", ".", "nobody", "--language", asked, cwd=prepared).stdout.splitlines()[1] == "  hiçbir şey yok"
    for english in ("en_US.UTF-8", "C", "C.UTF-8", "POSIX"):
        assert etl("find", ".", "nobody", cwd=prepared, ETL_LANGUAGE=english).stdout.splitlines()[1] == "  nothing"


@pytest.mark.parametrize(
    "words", [("find", ".", "3"), ("check", "."), ("status", "."), ("functions",), ("journal", "copy", "x")]
)
def test_a_language_that_is_not_spoken_is_refused_by_every_command_alike(prepared, words):
    done = etl(*words, cwd=prepared, ETL_LANGUAGE="de_DE")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.endswith(
        "Error: Invalid value for '--language' (env var: 'ETL_LANGUAGE'): 'de_DE' is not a language that is spoken here; "
        "there are: 'en', 'tr'\n"
    )
    assert done.stderr.startswith("Usage: etl [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("dry-run", ".", "--stage", "ordr"),
            "--stage ordr: eşlemede böyle bir aşama yok; 'order' mi demek istediniz?",
        ),
        (("explain", ".", "zzz", "1"), "'zzz' diye bir aşama yok; olanlar: order, order_item, user"),
        (
            ("reconcile", ".", "--package", "zzz"),
            "zzz: bir paket değil (manifest.json yok); `etl dry-run .` bir paket yapar",
        ),
        (("diff", "zzz", "."), "zzz: böyle bir paket ya da eşleme yok"),
        (("find", "zzz", "1"), "zzz: böyle bir eşleme yok"),
    ],
)
def test_a_name_that_is_not_known_is_told_in_turkish(prepared, words, told):
    done = etl(*words, "--language", "tr", cwd=prepared)
    assert (done.returncode in (1, 2), done.stderr.removeprefix(f"{prepared}/")) == (True, f"{told}\n")


def test_a_stage_that_was_never_loaded_and_a_target_that_is_not_known_are_told_in_turkish(sent, sandbox):
    asked = target(sandbox.url, TOKEN)
    assert etl("run", ".", cwd=sent, **asked).returncode == 1
    words = ("history", ".", "--language", "tr", "--key", "1", "--stage")
    assert etl(*words, "usr", cwd=sent, **asked).stderr == "hiç 'usr' aşaması yüklenmedi; 'user' mi demek istediniz?\n"
    told = etl(*words, "user", "--target", "zzz", cwd=sent, **asked).stderr
    assert told.startswith("work/shop: 'zzz' hedefine hiçbir şey gönderilmedi; olanlar: http_127.0.0.1_")


def test_that_there_is_nothing_to_go_on_with_is_told_in_turkish(sent, sandbox):
    done = etl("resume", ".", "--language", "tr", cwd=sent, **target(sandbox.url, TOKEN))
    assert done.returncode != 0
    assert "bu çalışma alanından bu hedefe henüz hiçbir şey gönderilmedi. `etl run .` gönderir" in done.stderr


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    write_shop(folder)
    assert etl("dry-run", ".", cwd=folder).returncode == 1
    return folder


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("find", ".", "3"), "\n  user '3': reddedildi, customers.csv 4. satır\n    'email' alanı: 'a***@e***.com' zaten 2. "),
        (("find", ".", "4"), "\n  user '4': elendi, customers.csv 5. satır\n    `where` bu satır için doğru değil ("),
        (("find", ".", "nobody"), "\n  hiçbir şey yok\n"),
        (("explain", ".", "order", "105"), "order '105': orders.csv 7. satır: reddedildi\n"),
        (("explain", ".", "order", "105"), "\n  ! 'ten' ondalıklarından önce virgül olan bir tutar değil\n"),
        (("explain", ".", "order", "999"), "order aşamasının hiçbir satırında '999' anahtarı yok; `etl find . TEXT` başka "),
        (("preview", ".", "--stage", "order", "--key", "105"), "order: orders.csv 7. satır: reddedildi\n"),
        (("preview", ".", "--stage", "order", "--rejected"), "'ten' ondalıklarından önce virgül\n"),
        (("preview", ".", "--key", "nobody"), "user, order, order_item içinde 'nobody' anahtarlı bir satır yok\n"),
        (("reconcile", "."), "\n try          1.339,90         40,00    1.299,90\n"),
        (("reconcile", ".", "--all"), "\naçıklanamayan: tutarı okunamayan, hiçbir toplamda olmayan 1 satır (reddedilen)\n"),
    ],
)  # fmt: skip
def test_what_is_looked_up_is_told_in_turkish(prepared, words, told):
    done = etl(*words, "--language", "tr", cwd=prepared)
    printed = done.stdout + done.stderr
    assert told in printed, printed
    assert left_in_english(printed) == set()


def test_a_sample_is_told_in_turkish_and_so_are_the_points_in_its_workbook(tmp_path):
    write_shop(tmp_path)
    done = etl("sample", ".", "--language", "tr", cwd=tmp_path)
    assert left_in_english(done.stdout + done.stderr) == set()
    assert done.stdout.startswith("\n aşama       kayıt  /\n")
    assert "\n müşteri  ad              e-posta        bakılacaklar\n" in done.stdout
    point = "migration.yaml:19:18: user.last_name: yerine default('-') geçiyor"
    assert (
        "\n6 kayıt: daha azı bunların gösterdiği her şeyi gösteremez\n"
        "eşlemenin 45 noktasından 44 tanesi gösteriliyor\n"
        f"  gösterilmeyen: {point}: hiçbir satır buraya ulaşmıyor\n"
        "Müşteriler: "
    ) in done.stdout
    [made] = (tmp_path / "work/shop/samples").iterdir()
    assert f"\nSırada: `etl run . --package {made.relative_to(tmp_path)}` onu gönderir; önce " in done.stdout
    rows = openpyxl.load_workbook(made / "customers.xlsx")["noktalar"].iter_rows(values_only=True)
    assert (point, "hiçbir satır buraya ulaşmıyor") in [(row[2], row[4]) for row in rows]
    as_json = json.loads(etl("sample", ".", "--json", cwd=tmp_path, ETL_LANGUAGE="tr").stdout)
    assert [one["nobody"] for one in as_json["uncovered"]] == ["no row reaches it"]


def test_what_an_edit_of_the_mapping_changes_is_told_in_turkish(tmp_path):
    write_shop(tmp_path)
    assert etl("dry-run", ".", cwd=tmp_path).returncode == 1
    changed = MAPPING.replace("active == '1'", "id != '7'").replace("title('tr')", "upper")
    (tmp_path / "migration.yaml").write_text(changed, encoding="utf-8")
    done = etl("diff", ".", "--language", "tr", cwd=tmp_path)
    assert left_in_english(done.stdout + done.stderr) == set()
    assert done.stdout.startswith("Eski: work/shop/packages/")
    head = done.stdout.splitlines()[3]
    assert head.split() == ["aşama", "eski", "yeni", "eklenen", "artık", "olmayan", "değişmiş", "aynı"]
    assert (
        "\nuser:\n"
        "  1 kayıt eklenmiş (1 tanesini önceden `where` eliyordu ya da kaynakta yoktu): '4'\n"
        "  1 kayıt artık yok (1 tanesini şimdi `where` eliyor ya da kaynakta artık yok): '7'\n"
        "  first_name: 2 kayıtta değişmiş\n"
    ) in done.stdout, done.stdout
    assert etl("dry-run", ".", "--limit", "2", cwd=tmp_path).returncode == 1
    noted = etl("diff", ".", "--language", "tr", cwd=tmp_path)
    assert left_in_english(noted.stdout + noted.stderr) == set()
    assert " --limit ile yapıldı: yalnız öbüründe olan kayıtlar kapsam dışı sayılır, fark değildir\n" in noted.stderr
    english, turkish = (etl("diff", ".", "--json", cwd=tmp_path, ETL_LANGUAGE=one).stdout for one in ("en", "tr"))
    assert english == turkish


def edited(folder, *cells):
    """The newest package's workbook, with these cells typed by a person: sheet, row of the sheet, column, text."""
    newest = max((folder / "work/shop/packages").iterdir())
    book = openpyxl.load_workbook(newest / "rejects.xlsx")
    for sheet, row, column, text in cells:
        heads = [cell.value for cell in book[sheet][1]]
        book[sheet].cell(row, heads.index(column) + 1).value = text
    book.save(folder / "edited.xlsx")


def fix(folder, *words):
    done = etl("fix", ".", *words, "--language", "tr", cwd=folder)
    assert left_in_english(done.stderr + done.stdout) == set()
    return done


def test_what_was_mended_is_told_in_turkish_and_so_is_a_correction_that_fits_no_more(tmp_path):
    write_shop(tmp_path, mapping=PLAIN)
    assert etl("dry-run", ".", cwd=tmp_path).returncode == 1
    edited(tmp_path, ("user", 3, "email", "can@example.com"), ("order", 2, "amount", 10))
    done = fix(tmp_path, "edited.xlsx", "--show-data")
    assert done.stderr == (
        "edited.xlsx, 'order' sayfası 2. satır, 'amount' sütunu: sayı, metin değil: başındaki sıfırlar ve yazılışı "
        "kaybolurdu; hücreye Metin biçimini verip yeniden yazın\n"
    )
    assert done.stdout.startswith(
        "user: customers.csv 6. satır, 'email' sütunu: 'can@example' -> 'can@example.com'\n1 satır içinde 1 hücre alındı, "
    )
    assert done.stdout.endswith("\nSırada: `etl dry-run .`\n")

    source = tmp_path / "customers.csv"
    source.write_text(source.read_text(encoding="utf-8").replace("can@example;", "can@exam;"), encoding="utf-8")
    warned = etl("dry-run", ".", "--language", "tr", cwd=tmp_path)
    stale = (
        "migration.corrections.csv:2:1: 'user' aşamasının düzeltmesi (customers.csv 6. satır) uygulanmıyor: düzeltilen hücreler "
        "hiçbir satırda yok: kaynak değişmiş; satırı yeniden düzeltin ya da `etl fix . --drop-refused` onu çıkarır"
    )
    assert f"uyarı: {stale}\n" in warned.stderr
    newest = max((tmp_path / "work/shop/packages").iterdir())
    page = html.unescape((newest / "report.html").read_text(encoding="utf-8"))
    assert stale.replace("fix . ", "fix MAPPING ") in page
    assert "uygulanmadı: düzeltilen hücreler hiçbir satırda yok: kaynak değişmiş\n" in (known := fix(tmp_path).stdout)
    assert known.startswith("2. satır: user: customers.csv 6. satır, 'email' sütunu: ")
    assert json.loads((newest / "manifest.json").read_text(encoding="utf-8"))["refused"][0]["why"] == (
        "no row has the cells that were mended: the source has changed"
    )


def test_that_there_is_nothing_to_mend_is_told_in_turkish(tmp_path):
    write_shop(tmp_path)
    assert fix(tmp_path).stdout == "düzeltme yok\n"
    assert "böyle bir dosya yok; `etl dry-run .` çalışma kitabını yapar" in fix(tmp_path, "edited.xlsx").stderr


def test_that_more_is_left_behind_than_is_accepted_is_told_in_turkish(tmp_path):
    write_shop(
        tmp_path,
        mapping=MAPPING.replace("  - name: user\n", "  - name: user\n    accept: { rejected: { count: 1 } }\n"),
    )
    done = etl("dry-run", ".", "--language", "tr", cwd=tmp_path)
    assert "user: 7 satırdan 3 tanesi reddedildi; `accept` daha azına izin veriyor (1)\n" in done.stderr
