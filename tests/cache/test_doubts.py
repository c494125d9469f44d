"""What in a function's source keeps its result out of the cache, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.cache.doubts import doubts_in_source


def doubts(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "losses.py"
    path.write_text(text)
    return doubts_in_source(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from time import perf_counter",
        "import os.path, datetime",
        "import random",
        "from os import environ",
        "import os\nHOME = os.environ['HOME']",
        "import os\nFAST = os.getenv('FAST')",
        "import os\nHAVE = os.path.exists('data.npy')",
        "import numpy as np\nW = np.random.rand(3)",
        "import numpy as np\nW = np.random.default_rng().normal(size=3)",
        "import numpy as np\nW = np.random.default_rng(None).normal(size=3)",
        "from numpy.random import rand",
        "from numpy.random import default_rng\nW = default_rng().normal()",
        "from numpy import random",
        "from scipy.stats import norm\nW = norm.rvs(3)",
        "import subprocess",
        "import sys\nN = len(sys.argv)",
        "def f(x):\n    return float(input())",
        "this is no Python",
    ],
)
def test_what_may_differ_the_next_time_is_a_doubt(tmp_path: Path, text: str) -> None:
    assert doubts(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import numpy as np\n\ndef f(x):\n    return np.sum(x**2)",
        "import os\nHERE = os.path.dirname(__file__)",
        "import numpy as np\nW = np.random.default_rng(0).normal(size=3)",
        "import numpy as np\nW = np.random.RandomState(7).rand(3)",
        "from numpy.random import default_rng\nW = default_rng(7).normal()",
        "from scipy import special, stats\nlogpdf = stats.norm.logpdf",
        "from .helpers import mean",
    ],
)
def test_what_is_the_same_every_time_is_none(tmp_path: Path, text: str) -> None:
    assert doubts(tmp_path, text) == ()
