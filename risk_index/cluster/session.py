"""A Spark session of a master's address, closed when it is no longer needed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from risk_index.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS_OF_A_BATCH = 20_000
"""Firms that an executor holds as a frame at once."""
OURS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS_OF_A_BATCH),
}
"""What the results hang on; all else is left to ``spark-defaults.conf`` and the cluster."""
LOCAL = {
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
}
"""A Spark on this machine: few partitions, no code made for hundreds of joins, nobody outside to talk to."""


def refuse_without_spark(master: str) -> None:
    """Refuse where PySpark or Java is missing.

    Raises
    ------
    UserError
        Saying what to install.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise UserError(f"--engine {master} needs PySpark: install the extra `spark`")
    if shutil.which("java") is None:
        raise UserError(f"--engine {master} needs a Java runtime: there is no `java` on the path")


@contextmanager
def session(master: str, scratch: Path) -> Iterator[SparkSession]:
    """Give the session of a master such as ``local[4]``, ``yarn`` or ``spark://host:7077``.

    Raises
    ------
    UserError
        Where no session comes about, or the work in it breaks off.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark's own and its libraries'
        spark = _started(master, scratch)
        try:
            yield spark
        except (PySparkException, Py4JError) as error:
            raise UserError(
                f"--engine {master}: Spark broke off: {_last_line(error)}. Do all executors see --shared "
                "by the same name, and have this package? Spark's log says more."
            ) from error
        finally:
            spark.stop()


def _started(master: str, scratch: Path) -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("risk-index")
    chosen = OURS | {"spark.sql.warehouse.dir": str(scratch / "warehouse")}
    local = master.startswith("local")
    for name, value in (chosen | LOCAL if local else chosen).items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, Py4JError, RuntimeError) as error:
        raise UserError(
            f"--engine {master}: no Spark session came about. Is there a master at this address? "
            "Spark's log says more."
        ) from error
    if local and "PYSPARK_PYTHON" not in os.environ:
        spark.sparkContext.pythonExec = sys.executable  # else whatever `python3` is on the path
    return spark


def _last_line(error: Exception) -> str:
    """Return the last line of a message that is no place in the code: it says what went wrong."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("at ", "...", "File "))]
    return told[-1][:300] if told else type(error).__name__
