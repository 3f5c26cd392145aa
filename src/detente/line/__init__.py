"""The line between parties: what is said, what became of it, and whether anybody hears."""

from .room_statements import ROOM_KINDS as ROOM_KINDS
from .room_statements import RoomStatement as RoomStatement
from .room_tables import ROOM_PROJECTION as ROOM_PROJECTION
from .room_tables import load_room as load_room
from .room_tables import load_rooms as load_rooms
from .room_tables import room_positions as room_positions
from .room_tables import room_statements as room_statements
from .room_texts import StatementMalformed as StatementMalformed
from .rooms import NoSuchRoom as NoSuchRoom
from .rooms import Room as Room
from .rooms import RoomRefused as RoomRefused
from .rooms import message_fault as message_fault
from .rooms import open_room as open_room
from .rooms import room_of as room_of
