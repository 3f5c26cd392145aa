"""Heights on a grid of latitude and longitude: the geoid, or the ground.

Formats: PGM as GeographicLib publishes its geoids (16 bits, `# Offset` and `# Scale` in the head),
GTX (NOAA, PROJ: 32-bit floats, south to north), HGT (SRTM tiles, named for their corner). Values
between the nodes are bilinear, so that over an area they lie between the least and the greatest
node of the cells it touches: that is what `bounds` gives.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from detente.errors import DetenteError

BYTES_MAX: Final = 2 << 30
GTX_VOID: Final = -88.8888
HGT_VOID: Final = -32768


class GridError(DetenteError):
    """A grid file that cannot be used, or that does not cover a place."""

    code: ClassVar[str] = "import.grid"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Heights at nodes, metres.

    Attributes:
        name: of the file.
        south, west: of the first node, degrees; rows go north, columns east.
        lat_step, lng_step: between nodes, degrees.
        nodes: as stored, memory-mapped; `scale * node + offset` are metres.
        flipped: whether the file's rows go south.
        void: stored value that means nothing; None if there is none.
    """

    name: str
    south: float
    west: float
    lat_step: float
    lng_step: float
    nodes: npt.NDArray[Any]
    scale: float = 1.0
    offset: float = 0.0
    flipped: bool = False
    void: float | None = None

    @property
    def all_around(self) -> bool:
        """Whether its columns go around the Earth."""
        return bool(self.nodes.shape[1] * self.lng_step >= 360 - 1e-6)

    def bounds(
        self, south: float, west: float, north: float, width_deg: float
    ) -> tuple[float, float]:
        """The least and the greatest value within a box that reaches `width_deg` to the east.

        Raises:
            GridError: the grid does not cover all of it.
        """
        rows, columns = self.nodes.shape
        low = math.floor((south - self.south) / self.lat_step + 1e-9)
        high = math.ceil((north - self.south) / self.lat_step - 1e-9)
        begin = ((west - self.west) % 360) / self.lng_step
        first = math.floor(begin + 1e-9)
        last = math.ceil(begin + width_deg / self.lng_step - 1e-9)
        if low < 0 or high > rows - 1 or not (self.all_around or last <= columns - 1):
            raise GridError(
                f"The grid {self.name} does not cover {south:.4f} to {north:.4f} degrees north, "
                f"{west:.4f} to {west + width_deg:.4f} east.",
                where=self.name,
                advice="Name a grid that covers it, or give the value.",
            )
        if self.flipped:
            low, high = rows - 1 - high, rows - 1 - low
        period = round(360 / self.lng_step)
        band = self.nodes[low : high + 1]
        if last < columns:
            part = band[:, first : last + 1]
        else:
            part = band[:, np.unique(np.arange(first, min(last, first + period) + 1) % period)]
        values = part.astype(np.float64)
        if not np.isfinite(values).all() or (
            self.void is not None and bool(np.isclose(values, self.void, atol=1e-3).any())
        ):
            raise GridError(
                f"The grid {self.name} has no value at some nodes near {south:.4f} degrees north, "
                f"{west:.4f} east.",
                where=self.name,
                advice="Name a grid without gaps there, or give the value.",
            )
        heights = values * self.scale + self.offset
        return float(heights.min()), float(heights.max())


def open_grid(path: Path) -> Grid:
    """The grid in a file; its format follows from its name.

    Raises:
        GridError: it cannot be read, or is none.
    """
    name = path.name.lower()
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise GridError(f"The grid is larger than {BYTES_MAX >> 30} GiB.", where=str(path))
        if name.endswith(".pgm"):
            return _pgm(path, size)
        if name.endswith(".gtx"):
            return _gtx(path, size)
        if name.endswith(".hgt"):
            return _hgt(path, size)
    except OSError as problem:
        raise GridError(
            f"The grid cannot be read: {problem.strerror or problem}.", where=str(path)
        ) from problem
    raise GridError(
        f"Cannot tell the format of {path.name} from its name.",
        where=str(path),
        advice="Use .pgm (GeographicLib), .gtx (PROJ) or .hgt (SRTM).",
    )


def _mapped(path: Path, kind: str, at: int, shape: tuple[int, int]) -> npt.NDArray[Any]:
    return np.memmap(path, dtype=np.dtype(kind), mode="r", offset=at, shape=shape)


def _pgm(path: Path, size: int) -> Grid:
    with path.open("rb") as stream:
        head = stream.read(8192)
    match = re.match(rb"P5\s((?:#[^\n]*\n|\s)*)(\d{1,6})\s+(\d{1,6})\s+(\d{1,6})\s", head)
    if match is None:
        raise GridError("This is not a PGM picture (P5).", where=str(path))
    told = dict(re.findall(rb"#\s*(Offset|Scale)\s+([-+0-9.eE]+)", match[1]))
    width, height, most = int(match[2]), int(match[3]), int(match[4])
    if len(told) != 2 or most != 65535 or width < 2 or height < 2:
        raise GridError(
            "The PGM is not a geoid as GeographicLib writes it: 16 bits, with # Offset and # Scale "
            "in its head.",
            where=str(path),
        )
    if size != match.end() + 2 * width * height:
        raise GridError("The PGM is cut short, or goes on after its end.", where=str(path))
    try:
        scale, offset = float(told[b"Scale"]), float(told[b"Offset"])
    except ValueError as problem:
        raise GridError("Offset or Scale of the PGM is no number.", where=str(path)) from problem
    return Grid(
        path.name,
        -90.0,
        0.0,
        180 / (height - 1),
        360 / width,
        _mapped(path, ">u2", match.end(), (height, width)),
        scale,
        offset,
        flipped=True,
    )


def _gtx(path: Path, size: int) -> Grid:
    with path.open("rb") as stream:
        head = stream.read(40)
    if len(head) < 40:
        raise GridError("The GTX is cut short.", where=str(path))
    south, west, lat_step, lng_step, rows, columns = struct.unpack(">4d2i", head)
    whole = all(math.isfinite(value) for value in (south, west, lat_step, lng_step))
    if (
        not whole
        or not 0 < lat_step <= 90
        or not 0 < lng_step <= 180
        or rows < 2
        or columns < 2
        or not -90.001 <= south <= 90
        or south + (rows - 1) * lat_step > 90.001
        or size != 40 + 4 * rows * columns
    ):
        raise GridError(
            "The head of the GTX does not fit its size, or no place on Earth.", where=str(path)
        )
    nodes = _mapped(path, ">f4", 40, (rows, columns))
    return Grid(path.name, south, west, lat_step, lng_step, nodes, void=GTX_VOID)


def _hgt(path: Path, size: int) -> Grid:
    match = re.fullmatch(r"([NS])(\d{2})([EW])(\d{3})\.hgt", path.name, re.IGNORECASE)
    side = math.isqrt(size // 2)
    if match is None or side < 2 or 2 * side * side != size:
        raise GridError(
            "An SRTM tile is a square of 16-bit heights named for its south-western corner.",
            where=str(path),
            advice="Name it like N46E006.hgt.",
        )
    south = float(match[2]) * (-1 if match[1].upper() == "S" else 1)
    west = float(match[4]) * (-1 if match[3].upper() == "W" else 1)
    step = 1 / (side - 1)
    nodes = _mapped(path, ">i2", 0, (side, side))
    return Grid(path.name, south, west, step, step, nodes, flipped=True, void=HGT_VOID)
