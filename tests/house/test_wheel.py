"""The wheel works outside the repository: it is built, installed in an environment of its own, and carries what it needs."""

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from commands import ROOT, environment

CARRIED = ["schemas/migration.schema.json", "mappings/opencart/migration.yaml", "samples/opencart/customers.csv"]


def run(*command, cwd):
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of the project, in which somebody has worked with the sample migration."""
    copy, out = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("wheel")
    for name in ("etl", "schemas", "mappings", "samples"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, copy / name)
    (copy / "mappings/opencart/.env").write_text("OMNITRON_TOKEN=somebodys-own\n")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy, cwd=out)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def folders_of_packages():
    """Where this environment's packages lie: in itself, or also in another one that it looks into."""
    return [one for one in sys.path if Path(one).name in ("site-packages", "dist-packages")]


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory):
    """The scripts' folder of a new environment with the wheel in it; its dependencies are those of this one."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False)
    place = home / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install", "--no-deps", "--no-index"]
    done = run(*pip, "--disable-pip-version-check", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    # Added after the wheel's own folder, and without its .pth files: the repository is not reachable through it.
    place.joinpath("dependencies.pth").write_text("\n".join(folders_of_packages()) + "\n", encoding="utf-8")
    return home / "bin"


def test_the_wheel_carries_schemas_a_migration_and_its_sample_and_no_secret_file(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in CARRIED if f"etl/_shipped/{name}" not in names] == []
    assert [name for name in names if name.endswith((".env", ".pyc", ".sqlite"))] == []


def test_the_installed_engine_is_the_one_of_the_wheel(scripts, tmp_path):
    done = run(scripts / "python", "-c", "import etl; print(etl.__file__)", cwd=tmp_path)
    assert done.stdout.startswith(str(scripts.parent))


@pytest.mark.parametrize("name", ["migration", "user", "address", "order", "order_item"])
def test_the_installed_command_prints_its_schemas(name, scripts, tmp_path):
    done = run(scripts / "etl", "schema", name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads((ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))


def test_the_installed_command_runs_the_demo_in_an_empty_folder(scripts, tmp_path):
    done = run(scripts / "etl", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "order_item" in done.stdout
    assert [one.name for one in tmp_path.iterdir()] == ["work"]
    assert str(ROOT) not in done.stdout + done.stderr
