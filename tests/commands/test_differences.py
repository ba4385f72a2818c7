"""The list of what has changed since the upload, where the disk cannot take it."""

import errno
import os

import pytest

from etl.commands.differences import write_differences
from etl.errors import MappingError
from etl.journal.changed import GoneRecord


def gone_until_the_disk_is_full(record):
    yield record
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_half_a_list_is_not_left_behind(tmp_path):
    file = tmp_path / "changed.csv"
    record = GoneRecord(stage="user", key="1", batch=1, migration_id="m1")
    with pytest.raises(MappingError) as caught:
        write_differences(file, [], gone_until_the_disk_is_full(record))
    assert str(caught.value) == f"{file}: cannot be written (No space left on device); name another file"
    assert not file.exists()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    file = tmp_path / "nowhere" / "changed.csv"
    with pytest.raises(MappingError, match="cannot be written"):
        write_differences(file, [], [])
