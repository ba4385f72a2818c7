"""How many customers log in at once, and how many choose a new password."""

import hashlib
import json

from commands import GOOD_ROWS, etl, write_shop

from etl.payloads.census import AGREED, AT_ONCE, RESET, PasswordKind, census

MD5 = hashlib.md5(b"x").hexdigest()
ROWS = f"""id,name,mail,pw
1,Ayşe,ayse@example.com,{MD5}
2,Ali,ali@example.com,{MD5}:ab
3,Can,can@example.com,{MD5}:cd
4,Ece,ece@example.com,$P$B{"a" * 30}
5,Ela,ELA@example.com,
6,Ela,ela@example.com,{MD5}
7,Umut,nobody,{MD5}
"""
PLAIN = """password: ffffffffffffffffffffffffffffffff
      password_algorithm: md5"""
RECOGNISED = """password: "{{ pw | password('hash') | default(id | unusable_password) }}"
      password_algorithm: "{{ pw | password('algorithm') | default('sha256') }}\""""


def shop(folder):
    return write_shop(folder, ROWS, **{PLAIN: RECOGNISED})


def user(password, algorithm):
    return {"password": password, "password_algorithm": algorithm}


def test_kinds_are_told_by_what_omnitron_makes_of_them():
    records = [user(MD5, "md5"), user(MD5, "md5"), user(f"md5$salt${MD5}", "md5"), user(MD5, "opencart3")]
    records += [user(MD5 * 2, "sha256"), user(MD5 + "0" * 8, "sha1"), user("sha1$$" + MD5 + "0" * 8, "sha1")]
    records += [user("f" * 32, "md5"), user("md5$salt$" + "0" * 32, "md5")]
    assert census(records) == [
        PasswordKind("md5", "md5", AT_ONCE, 2),
        PasswordKind("md5 with salt", "md5", AT_ONCE, 1),
        PasswordKind("sha1", "sha1", AT_ONCE, 1),
        PasswordKind("sha1, bare", "sha1", AGREED, 1),
        PasswordKind("sha256", "sha256", AGREED, 1),
        PasswordKind("none that Omnitron can check", "md5", RESET, 2),
        PasswordKind("none that Omnitron can check", "opencart3", RESET, 1),
    ]


def test_check_counts_the_customers_that_would_be_sent_and_no_made_up_digest_counts_as_a_password(tmp_path):
    mapping = shop(tmp_path)
    done = etl("check", mapping, "--data", "--json", OMNITRON_URL="http://127.0.0.1:1", OMNITRON_TOKEN="t")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["passwords"] == [
        {
            "stage": "user",
            "kinds": [
                {"kind": "md5 with salt", "algorithm": "md5", "standing": AT_ONCE, "count": 2},
                {"kind": "md5", "algorithm": "md5", "standing": AT_ONCE, "count": 1},
                {"kind": "none that Omnitron can check", "algorithm": "sha256", "standing": RESET, "count": 2},
            ],
        }
    ]


def test_check_prints_the_census_and_leaves_nothing_behind(tmp_path):
    mapping = shop(tmp_path)
    done = etl("check", mapping, "--data", OMNITRON_URL="http://127.0.0.1:1", OMNITRON_TOKEN="t")
    assert done.stdout.splitlines() == [
        "user: passwords of 5 customers",
        "          2  md5 with salt (password_algorithm md5): log in at once",
        "          1  md5 (password_algorithm md5): log in at once",
        "          2  none that Omnitron can check (password_algorithm sha256): reset at first login",
        "  3 log in at once; 2 reset at first login",
    ]
    assert not (tmp_path / "work").exists()


def test_without_data_nothing_is_counted_and_a_broken_mapping_is_not_read(tmp_path):
    known = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_TOKEN": "t"}
    assert "passwords" not in json.loads(etl("check", shop(tmp_path), "--json", **known).stdout)
    broken = write_shop(tmp_path / "broken", GOOD_ROWS, **{"| email": "| emial"})
    done = etl("check", broken, "--data", "--json", **known)
    assert (done.returncode, json.loads(done.stdout)["passwords"]) == (2, [])
