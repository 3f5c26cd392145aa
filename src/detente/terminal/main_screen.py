"""The list of messages: the screen that is always there."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable, Static

from . import texts
from .answers import Message
from .line_screen import LineScreen
from .showing import STYLES, Listed, listed

_WIDTHS = {"way": 8, "time": 6, "urgency": 9, "state": 23, "left": 10}
_ORDER = ("way", "time", "urgency", "what", "state", "left")
_BOXES = tuple(texts.BOX_WORDS)


class MainScreen(LineScreen[None]):
    """Messages of one status, with the state of each."""

    KEYS = (
        ("Enter", "enter"),
        ("a", "a"),
        ("c", "c"),
        ("r", "r"),
        ("t", "t"),
        ("s", "s"),
        ("f", "f"),
        ("m", "m"),
        ("F1", "f1"),
        ("F2", "f2"),
        ("q", "q"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "app.acknowledge"),
        Binding("c", "app.write"),
        Binding("r", "app.reply"),
        Binding("k", "app.correct"),
        Binding("x", "app.withdraw"),
        Binding("t", "app.test_calls"),
        Binding("o", "app.outages"),
        Binding("s", "next_status"),
        Binding("f", "next_box"),
        Binding("q", "app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.box = "all"
        self._shown: dict[str, Listed] = {}
        self._language = ""
        self._width = 0
        self._was_blind = False

    def body(self) -> ComposeResult:
        """What is listed, and the list."""
        yield Static(id="box", markup=False)
        table: DataTable[Text] = DataTable(cursor_type="row", zebra_stripes=True, cell_padding=0)
        table.id = "messages"
        yield table
        yield Static(id="nothing", markup=False)

    def on_mount(self) -> None:
        """Begin in the list."""
        self.query_one(DataTable).focus()
        super().on_mount()

    def on_resize(self, event: Resize) -> None:
        """The column of what is said takes the room that there is."""
        if event.size.width != self._width:
            self._width = event.size.width
            self.retell()

    def tell(self) -> None:
        """The list as it is now, the cursor on the message that it was on."""
        terminal = self.terminal
        picture, language = terminal.picture, terminal.language
        now, steady_s = terminal.clock(), terminal.steady()
        messages = picture.listed(terminal.status, self.box)
        rows = {each.id: listed(picture, each, language, now, steady_s) for each in messages}
        self.query_one("#box", Static).update(
            f"{texts.STATUS_SHORT[terminal.status].to(language)} – "
            f"{texts.BOX_WORDS[self.box].to(language)} ({len(rows)})"
        )
        nothing = self.query_one("#nothing", Static)
        nothing.display = not rows
        nothing.update((texts.NOTHING_HERE if picture.heard else texts.STARTING).to(language))
        blind = picture.blind is not None
        table = self._table
        fresh = (
            language != self._language or not table.columns or self._width != terminal.size.width
        )
        if fresh or list(rows) != list(self._shown):
            self._fill(table, rows, blind, columns=fresh)
        else:
            for key, row in rows.items():
                if row != self._shown[key] or blind != self._was_blind:
                    for name, cell in zip(_ORDER, self._cells(row, blind), strict=True):
                        table.update_cell(key, name, cell)
        self._shown, self._language, self._was_blind = rows, language, blind

    def chosen(self) -> Message | None:
        """The message under the cursor."""
        table = self._table
        if not table.row_count:
            return None
        key = table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value
        return None if key is None else self.terminal.picture.messages.get(key)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter opens the message."""
        message = self.chosen()
        if message is not None:
            self.terminal.open(message)

    def action_next_status(self) -> None:
        """Actual, exercise, test, and actual again."""
        statuses = list(texts.STATUS_BANNER)
        at = statuses.index(self.terminal.status)
        self.terminal.status = statuses[(at + 1) % len(statuses)]
        self.retell()

    def action_next_box(self) -> None:
        """All, to us, by us, waiting."""
        self.box = _BOXES[(_BOXES.index(self.box) + 1) % len(_BOXES)]
        self.retell()

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one("#messages", DataTable)

    def _fill(
        self, table: DataTable[Text], rows: dict[str, Listed], blind: bool, *, columns: bool
    ) -> None:
        language = self.terminal.language
        before = self.chosen()
        table.clear(columns=columns)
        if columns:
            self._width = self.terminal.size.width
            for name in _ORDER:
                label = Text(texts.COLUMNS[name].to(language))
                table.add_column(label, key=name, width=self._room(name))
        for key, row in rows.items():
            table.add_row(*self._cells(row, blind), key=key)
        if before is not None and before.id in rows:
            table.move_cursor(row=list(rows).index(before.id), animate=False)

    def _room(self, column: str) -> int:
        """How wide a column is; what is said takes what the others leave."""
        rest = self._width - sum(_WIDTHS.values()) - 2  # the scroll bar
        return _WIDTHS.get(column, max(16, rest))

    def _cells(self, row: Listed, blind: bool) -> list[Text]:
        language = self.terminal.language
        style = STYLES["grey"] if blind else row.style
        state, left = row.state, row.left
        if blind:
            # How it stands now is not known: somebody may have acknowledged it.
            state = f"{texts.WAS.to(language)} {state.partition(' ')[2]}" if state else ""
            left = "?" if left else ""
        cells = []
        for name, part in zip(
            _ORDER, (row.way, row.time, row.urgency, row.what, state, left), strict=True
        ):
            cell = Text(part, style, no_wrap=True)
            cell.truncate(self._room(name) - 1, overflow="ellipsis")
            cells.append(cell)
        return cells
