"""The report of a run: every recording has its row, and no name is taken for HTML."""

from __future__ import annotations

from pathlib import Path

from pipeline.audio.encode import save
from pipeline.cli.batch import Failure, Job
from pipeline.cli.batch_report import rows, write
from pipeline.cli.batch_run import Processed
from pipeline.cli.manifest import RESULT
from pipeline.report.report import report_path
from pipeline.restoration import restore_file
from pipeline.stage import Chain
from tests.support.helpers import tone


def test_every_recording_has_its_row_and_failures_come_first(tmp_path: Path) -> None:
    source = save(tone(seconds=0.2), tmp_path / "<b>a.wav")
    result = restore_file(source, tmp_path / "out", Chain())
    failure = Failure(tmp_path / "bad.wav", f"{tmp_path / 'bad.wav'}: no sound")
    report_path(result.path).write_text("")
    kept = Job(tmp_path / "kept.wav", tmp_path / "out", 1.0)
    done = Processed(result, source, {RESULT: result.path}, {})
    table = rows([done], {kept: {RESULT: tmp_path / "out/kept.wav"}}, [failure])
    assert [row.status for row in table] == ["failed", "done", "up to date"]
    assert table[0].notes == "no sound" and table[1].same_length is True
    write(tmp_path / "report" / "page.html", "<i>", table, 60.0)
    page = (tmp_path / "report" / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;a.wav" in page and "<b>a" not in page and "<i>" not in page
    assert 'href="../out/%3Cb%3Ea.wav.report.html"' in page and page.count("href=") == 1
    assert "1 done, 1 up to date, 1 failed" in page
