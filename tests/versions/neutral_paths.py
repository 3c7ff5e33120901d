"""Debug files of an archive name the sources that they come from: Python runs over links, so that no path of the machine gets
into a file."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import torch

HERE = pathlib.Path(__file__).resolve().parent
NEUTRAL = pathlib.Path(tempfile.gettempdir()) / "torchtally-versions"


def run_under_neutral_paths() -> int:
    NEUTRAL.mkdir(mode=0o700, exist_ok=True)
    if NEUTRAL.is_symlink() or NEUTRAL.stat().st_uid != os.getuid():
        sys.exit("%s belongs to someone else: remove it or set TMPDIR" % NEUTRAL)
    links = {"site-packages": pathlib.Path(torch.__file__).parents[1], "versions": HERE, "stdlib": pathlib.Path(os.__file__).parent}
    for name, target in links.items():
        link = NEUTRAL / name
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)
    paths = os.pathsep.join(str(NEUTRAL / name) for name in ("site-packages", "stdlib"))
    environment = dict(os.environ, PYTHONPATH=paths, TORCHTALLY_HERE=str(HERE), PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.call([sys.executable, str(NEUTRAL / "versions" / "make.py"), *sys.argv[1:]], env=environment)
    shutil.rmtree(str(NEUTRAL))
    return done


def leaked_paths(file: pathlib.Path) -> list:
    home = pathlib.Path(os.environ["TORCHTALLY_HERE"])
    own = {str(pathlib.Path.home()), str(home), str(home.parents[1]), sys.prefix, sys.base_prefix} - {"/usr"}
    data = {"": file.read_bytes()}
    if zipfile.is_zipfile(str(file)):
        with zipfile.ZipFile(str(file)) as z:
            data.update({i.filename: z.read(i) for i in z.infolist() if i.compress_type != zipfile.ZIP_STORED})
    return [n for n, d in data.items() if any(p.encode() in d for p in own)]
