"""Packets of Socket.IO whose events a client may send."""

from __future__ import annotations

from typing import Any

from socketio.base_server import BaseServer
from socketio.packet import BINARY_EVENT, EVENT, Packet


class ClientPacket(Packet):  # type: ignore[misc]  # socketio has no types
    """A packet that is refused if its event has a name of the library's own.

    The library would call the handler of `connect` or `disconnect`, though neither happens.
    """

    def decode(self, encoded_packet: str) -> Any:
        """Read a packet; raises ValueError."""
        attachments = super().decode(encoded_packet)
        is_event = self.packet_type in (EVENT, BINARY_EVENT) and isinstance(self.data, list)
        if is_event and self.data and self.data[0] in BaseServer.reserved_events:
            raise ValueError("reserved event")
        return attachments
