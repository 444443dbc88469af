"""The generator of the wire structs: fresh, and honest about it."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("tool_ocpp_structs", ROOT / "tools" / "ocpp_structs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_stale_missing_or_surplus_file_is_noticed_and_put_right(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in ("v16", "v201"):
        wire = Path("src/evenload/ocpp") / version / "wire"
        shutil.copytree(ROOT / wire, tmp_path / wire, ignore=shutil.ignore_patterns("__pycache__"))
    arguments = ["--root", str(tmp_path)]
    assert tool.main(["--check", *arguments]) == 0
    folder = tmp_path / "src/evenload/ocpp/v16/wire"
    (folder / "core.py").write_text("stale")
    (folder / "firmware.py").unlink()
    (folder / "surplus.py").write_text("")
    assert tool.main(["--check", *arguments]) == 1
    listed = [Path(line.split()[0]).name for line in capsys.readouterr().out.splitlines()]
    assert sorted(listed) == ["core.py", "firmware.py", "surplus.py"]
    assert tool.main(arguments) == 0
    assert tool.main(["--check", *arguments]) == 0
    assert not (folder / "surplus.py").exists()


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("evseId", "evse_id"),
        ("idTag", "id_tag"),
        ("numEPriceLevels", "num_e_price_levels"),
        ("fullSoC", "full_soc"),
        ("iso15118SchemaVersion", "iso15118_schema_version"),
        ("from", "from_"),
    ],
)
def test_field_names(tool: ModuleType, wire: str, name: str) -> None:
    assert tool.snake(wire) == name


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("Energy.Active.Import.Register", "ENERGY_ACTIVE_IMPORT_REGISTER"),
        ("L1-N", "L1_N"),
        ("SuspendedEVSE", "SUSPENDED_EVSE"),
        ("AC_single_phase", "AC_SINGLE_PHASE"),
        ("kWh", "KWH"),
        ("SHA256", "SHA256"),
        ("DELETE", "DELETE"),
        ("SoC", "SOC"),
        ("V2GRootCertificate", "V2G_ROOT_CERTIFICATE"),
    ],
)
def test_member_names(tool: ModuleType, wire: str, name: str) -> None:
    assert tool.member(wire) == name
