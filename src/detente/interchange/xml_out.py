"""XML that is written: names that anybody chose, and characters that XML cannot hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Final

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """`text` with U+FFFD in place of what XML 1.0 has no way to write."""
    return _NOT_XML.sub("\ufffd", text)


def child(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """Add an element."""
    element = ET.SubElement(parent, tag, attributes)
    if text:
        element.text = xml_text(text)
    return element


def document(root: ET.Element) -> bytes:
    """The whole file: UTF-8, indented."""
    ET.indent(root, " ")
    whole: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return whole + b"\n"
